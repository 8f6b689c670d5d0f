"""Search: an incident, a customer or a ticket by what somebody has at hand."""

from services.console.pages.page import Page
from services.console.pages.search.page import router

PAGE = Page(router)
