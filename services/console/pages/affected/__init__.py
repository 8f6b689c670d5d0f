"""Whom one incident touches: the evidence, what each of them was told, or why not; and all of them as CSV."""

from fastapi import APIRouter

from services.console.pages.affected import export, page
from services.console.pages.page import Page

router = APIRouter()
router.include_router(page.router)
router.include_router(export.router)

PAGE = Page(router)
