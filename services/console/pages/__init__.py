"""The pages, one folder each; a new one is a folder and a line here."""

from services.console.pages import now, people, sign_in
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (now.PAGE, people.PAGE, sign_in.PAGE)
