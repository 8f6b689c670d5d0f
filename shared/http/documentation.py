"""Shows the API with Swagger UI at `/docs`; its files come from a Python package, so a browser needs nothing from the internet.

What is shown is the API's description, which holds no secret and is the same wherever this version runs. So these paths need
no token: a browser that opens a page could not send one. To try a call out, a token is put in by *Authorize*; it stays in the page.
"""

import gzip
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from fastapi import APIRouter, Response

PACKAGE = "fastapi_swagger.resources"
TYPES = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
ASSETS = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
PATHS = frozenset({"/docs", "/docs/start.js", "/openapi.json", *(f"/docs/{name}" for name in ASSETS)})

PAGE_HEADERS = {
    # Swagger UI draws its arrows as `data:` images, and needs neither inline scripts nor inline styles.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
ASSET_HEADERS = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}

# Addresses are relative, so that the page also works behind a proxy that puts a prefix before them.
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<link rel="icon" href="docs/favicon-32x32.png"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null // else each page shows the API's description to a validator on the internet
})
"""


def documentation(title: str) -> APIRouter:
    """Makes the routes of `/docs`; FastAPI itself answers `/openapi.json`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    def page() -> Response:
        return Response(PAGE.format(title=title), media_type="text/html", headers=PAGE_HEADERS)

    @router.get("/docs/start.js")
    def start() -> Response:
        return Response(START, media_type=TYPES[".js"], headers=ASSET_HEADERS)

    for name in ASSETS:
        router.get(f"/docs/{name}")(_asset(name))
    return router


def _asset(name: str) -> Callable[[], Response]:
    def asset() -> Response:
        headers = {**ASSET_HEADERS, "Content-Encoding": "gzip"}
        return Response(_packed(name), media_type=TYPES[PurePath(name).suffix], headers=headers)

    return asset


@cache
def _packed(name: str) -> bytes:
    """Returns the file compressed, as it is sent, since Swagger UI is larger than an answer may be. Every browser unpacks it."""
    return gzip.compress(files(PACKAGE).joinpath(name).read_bytes(), mtime=0)
