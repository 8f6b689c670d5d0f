"""Signing in and out: by password, by a link that is used once, through the identity provider; and showing a viewer personal data."""

from fastapi import APIRouter

from services.console.pages.page import Page
from services.console.pages.sign_in import link, page, provider, unmask

router = APIRouter()
for each in (provider, link, page, unmask):
    router.include_router(each.router)

PAGE = Page(router)
