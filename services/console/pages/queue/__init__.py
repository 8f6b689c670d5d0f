"""The queue: the tickets that wait for a person, and what they are about."""

from services.console.pages.page import Page
from services.console.pages.queue.page import router

PAGE = Page(router, "Queue", "/queue", "q")
