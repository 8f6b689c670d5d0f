"""What the public pages ask of a request: whether its link is ours, and whether a person or a program follows it."""

from typing import Any

from fastapi import Request

from services.notifier.links import Use, What
from services.notifier.settings import NotifierSettings
from shared.api import Problem, is_head

NOT_OURS: dict[int | str, dict[str, Any]] = {404: {"description": "the link is not one of ours"}}
AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")  # headers of browsers and proxies that load what nobody has asked for yet


def use_of(token: str, what: What, request: Request) -> Use:
    """Returns what the link is for. Raises a 404 problem for one that is not ours, or is for something else."""
    settings: NotifierSettings = request.app.state.settings
    use = settings.links.use_of(token, what)
    if use is None:
        raise Problem(404, "there is no such page")
    return use


def is_ahead(request: Request) -> bool:
    """Says whether nobody has asked for it: HEAD, and what is loaded in advance (Fetch standard: Sec-Purpose)."""
    said = (request.headers.get(name, "").lower() for name in AHEAD)
    return is_head(request) or any("prefetch" in each or "preview" in each or "prerender" in each for each in said)
