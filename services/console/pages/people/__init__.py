"""People: who may sign in, how, and when they were here."""

from services.console.pages.page import Page
from services.console.pages.people.page import router
from services.console.sessions.roles import Role

PAGE = Page(router, "People", "/people", "p", Role.OPERATOR)
