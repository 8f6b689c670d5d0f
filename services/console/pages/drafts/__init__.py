"""Drafts: what a person has typed and not sent is kept on the server, so that it survives a reload, a log-out and a restart."""

from services.console.pages.drafts.page import router
from services.console.pages.page import Page

PAGE = Page(router)
