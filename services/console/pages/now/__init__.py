"""Now: what is going on and what waits, on one screen."""

from services.console.pages.now.page import router
from services.console.pages.page import Page

PAGE = Page(router, "Now", "/", "n")
