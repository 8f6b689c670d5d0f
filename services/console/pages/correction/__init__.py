"""Correction: what was told wrongly of an incident is told right, to exactly those who were told."""

from services.console.pages.correction.page import router
from services.console.pages.page import Page

PAGE = Page(router)
