"""Rules: those that monitor judges by, what each has found lately, and how often it was wrong."""

from services.console.pages.page import Page
from services.console.pages.rules.page import router

PAGE = Page(router, "Rules", "/rules", "r")
