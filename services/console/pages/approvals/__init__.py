"""Approvals: audiences that are larger than a rule may tell alone, and how people decided about earlier ones."""

from services.console.pages.approvals.page import router
from services.console.pages.page import Page

PAGE = Page(router, "Approvals", "/approvals", "v")
