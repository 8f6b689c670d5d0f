"""Health: services, streams, dead letters, due work and deliveries, and how to let what has stopped go on."""

from services.console.pages.health.page import router
from services.console.pages.page import Page

PAGE = Page(router, "Health", "/health", "h")
