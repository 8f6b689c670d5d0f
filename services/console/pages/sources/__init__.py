"""Sources: what became of each one's records and why, since when it is silent, and a mapping tried on the latest of them."""

from services.console.pages.page import Page
from services.console.pages.sources.page import router

PAGE = Page(router, "Sources", "/sources", "s")
