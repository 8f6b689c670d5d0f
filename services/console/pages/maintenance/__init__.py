"""Maintenance: what is announced, what runs and what it muted; operators announce it and call it off."""

from services.console.pages.maintenance.page import router
from services.console.pages.page import Page

PAGE = Page(router, "Maintenance", "/maintenance", "m")
