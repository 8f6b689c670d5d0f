"""People: who may sign in, how, and when they were here."""

from services.console.pages.page import Page
from services.console.pages.people.page import router

PAGE = Page(router, "People", "/people", "p")
