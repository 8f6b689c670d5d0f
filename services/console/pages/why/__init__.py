"""Why: one customer and one incident or message, from the event that failed to what the provider said, and where it stopped."""

from services.console.pages.page import Page
from services.console.pages.why.page import router

PAGE = Page(router)
