"""Autonomy: what each rule may tell without asking, what came of it, and who moved it along the steps."""

from services.console.pages.autonomy.page import router
from services.console.pages.page import Page

PAGE = Page(router)
