"""Risks: the customers in trouble of their own, the worst first, with the evidence; and those that are over."""

from services.console.pages.page import Page
from services.console.pages.risks.page import router

PAGE = Page(router, "Risks", "/risks", "k")
