"""Rules: those that monitor judges by, what each has found lately, what was published; and drafts, tried on the past."""

from services.console.pages.page import Page
from services.console.pages.rules import draft
from services.console.pages.rules.page import router

router.include_router(draft.router)
PAGE = Page(router, "Rules", "/rules", "r")
