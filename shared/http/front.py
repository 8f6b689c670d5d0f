"""Answers `/` with what runs here and where to go from here: a page for browsers, JSON for everybody else. It needs no token."""

import html
from base64 import b64encode
from hashlib import sha256

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

PATH = "/"
LINKS = {
    "docs": "the API, to read and to try out",
    "openapi.json": "the same for machines, as OpenAPI",
    "livez": "the process answers",
    "readyz": "everything it needs is there, or what is missing",
    "metrics": "figures for Prometheus",
}
STYLE = "body{font:16px/1.5 sans-serif;max-width:40em;margin:3em auto;padding:0 1em}dt{font-weight:bold}"
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
}
# Addresses are relative, so that the page also works behind a proxy that puts a prefix before them.
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{style}</style></head><body><h1>{title}</h1><p>{about}</p><dl>{links}</dl></body></html>
"""


class Front(BaseModel):
    """Says what answers here."""

    title: str
    about: str
    links: dict[str, str]


def front_page(title: str, about: str) -> APIRouter:
    """Makes the route of `/`; `about` says in a sentence what the service does."""
    router = APIRouter(include_in_schema=False)
    links = "".join(f'<dt><a href="{path}">/{path}</a></dt><dd>{html.escape(what)}</dd>' for path, what in LINKS.items())
    page = PAGE.format(title=html.escape(title), about=html.escape(about), style=STYLE, links=links)
    said = Front(title=title, about=about, links={path: f"/{path}" for path in LINKS}).model_dump_json()

    @router.get(PATH)
    async def show(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return Response(page, media_type="text/html", headers=HEADERS)
        return Response(said, media_type="application/json", headers=HEADERS)

    return router
