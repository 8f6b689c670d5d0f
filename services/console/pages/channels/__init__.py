"""Channels: what became of what each was given, who stopped it and why, and which addresses and endpoints are not used."""

from services.console.pages.channels.page import router
from services.console.pages.page import Page

PAGE = Page(router, "Channels", "/channels", "c")
