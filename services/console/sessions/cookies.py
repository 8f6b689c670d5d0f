"""Makes the ids that cookies and links carry: 256 random bits each, of which only the SHA-256 digest is stored."""

import hashlib
from datetime import timedelta
from secrets import token_urlsafe

from fastapi import Request, Response

SESSION = "__Host-forewarn"  # a browser takes the prefix only with Secure, Path=/ and no Domain, so no other host can set it
ATTEMPT = "__Host-forewarn-attempt"
BROWSER = "__Host-forewarn-browser"  # stays after signing out: it signs nobody in
LONGEST = 100  # characters of an id; ours have 43


def new_id() -> str:
    """Returns a random id that fits into cookies and addresses."""
    return token_urlsafe(32)


def digest_of(id_: str) -> bytes:
    """Returns what is stored of an id."""
    return hashlib.sha256(id_.encode("utf-8", "surrogatepass")).digest()


def read(request: Request, name: str) -> bytes | None:
    """Returns the digest of the id in a cookie; None when there is none, or none of ours."""
    held = request.cookies.get(name, "")
    return digest_of(held) if 0 < len(held) <= LONGEST else None


def give(response: Response, name: str, id_: str, how_long: timedelta) -> None:
    """Gives the browser an id: no script reads it, and no other site's form or fetch sends it."""
    response.set_cookie(name, id_, max_age=int(how_long.total_seconds()), path="/", secure=True, httponly=True, samesite="lax")


def take(response: Response, name: str) -> None:
    """Takes an id away from the browser."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
