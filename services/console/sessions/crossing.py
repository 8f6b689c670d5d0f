"""Refuses forms that another site sends in a person's name (cross-site request forgery). Pure.

A browser says with Sec-Fetch-Site where a request comes from, and a page cannot change that (https://www.w3.org/TR/fetch-metadata). Where
a browser does not say so, the Origin header does. A request with neither is refused; so is `none`, which stands for what a person
typed or has as a bookmark, and never for a form.
"""

from collections.abc import Mapping

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def crossing(method: str, headers: Mapping[str, str], own_origin: str) -> str | None:
    """Returns why this request may come from another site; None when it cannot. The names of headers are in lower case."""
    if method in SAFE:
        return None
    site = headers.get("sec-fetch-site")
    if site is not None:
        return None if site == "same-origin" else f"this form was sent from elsewhere ({site[:20]}), and not by a page of the console"
    origin = headers.get("origin")
    if origin is None:
        return "this browser does not say which page sent the form (neither Sec-Fetch-Site nor Origin)"
    return None if origin == own_origin else "this form was sent by a page of another address than the console's own"
