"""Audit: who did what in the console, the latest first."""

from services.console.pages.audit.page import router
from services.console.pages.page import Page
from services.console.sessions.roles import Role

PAGE = Page(router, "Audit", "/audit", "a", Role.LEAD)
