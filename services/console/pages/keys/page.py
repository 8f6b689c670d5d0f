"""Draws the list of keys as a page of its own, for browsers without a script."""

from fastapi import APIRouter, Request, Response

from services.console.frame.drawing import draw
from services.console.sessions.roles import Role
from services.console.sessions.signed import allow

router = APIRouter(dependencies=[allow(Role.VIEWER)])


@router.get("/keys")
async def show(request: Request) -> Response:
    """Shows the keys."""
    return draw(request, "keys/page.html")
