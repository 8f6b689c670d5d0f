"""Incidents: all of them, newest first, by state and by component."""

from services.console.pages.incidents.page import router
from services.console.pages.page import Page

PAGE = Page(router, "Incidents", "/incidents", "i")
