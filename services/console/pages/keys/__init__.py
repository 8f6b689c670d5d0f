"""Keys: what one can do without a mouse; with a script it is a dialog on every page."""

from services.console.pages.keys.page import router
from services.console.pages.page import Page

PAGE = Page(router)
