"""Says what a page is: a folder with its routes (`page.py`), its queries (`queries.sql`) and its template (`page.html`)."""

from dataclasses import dataclass

from fastapi import APIRouter

from services.console.sessions.roles import Role


@dataclass(frozen=True)
class Page:
    """Is one page, as `pages/__init__.py` lists it."""

    router: APIRouter
    title: str = ""  # in the navigation; empty: it is reached by links alone
    path: str = ""  # where the navigation leads
    key: str = ""  # the letter that, after g, leads there
    role: Role = Role.VIEWER  # the least that opens it: the navigation shows it to nobody else
