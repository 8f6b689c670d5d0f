"""A ticket: what was said, with everything known beside it, and the acts by which a person answers."""

from services.console.pages.page import Page
from services.console.pages.ticket.page import router

PAGE = Page(router)
