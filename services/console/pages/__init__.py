"""The pages, one folder each; a new one is a folder and a line here."""

from services.console.pages import keys, now, search
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (now.PAGE, search.PAGE, keys.PAGE)
