"""Kill switch: what is stopped and by whom, and the two steps that stop what customers are told or let it go on."""

from services.console.pages.page import Page
from services.console.pages.switches.page import router

PAGE = Page(router)
