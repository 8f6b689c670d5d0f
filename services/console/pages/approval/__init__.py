"""Approval: one audience, all that a person needs to decide about it, and what they can do."""

from services.console.pages.approval import messages
from services.console.pages.approval.page import router
from services.console.pages.page import Page

messages.router.include_router(router)  # a preview has an address of its own, before that of the acts
PAGE = Page(messages.router)
