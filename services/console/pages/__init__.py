"""The pages, one folder each; a new one is a folder and a line here."""

from services.console.pages import audit, health, now
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (now.PAGE, health.PAGE, audit.PAGE)
