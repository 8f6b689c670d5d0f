"""Serves the styles, the script and the icon, from memory. An address with the digest of the content is cached for good."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response

from shared.api import Problem

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOLDER = Path(__file__).parent / "static"


@dataclass(frozen=True)
class File:
    """Is one file as it is served."""

    content: bytes
    media_type: str
    version: str  # changes with the content


def _read(path: Path) -> File:
    content = path.read_bytes()
    return File(content, TYPES[path.suffix], sha256(content).hexdigest()[:16])


FILES = {path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}

router = APIRouter()


def address(name: str) -> str:
    """Returns the path of a file with its version: a new content is a new address."""
    return f"/static/{name}?v={FILES[name].version}"


@router.get("/static/{name}")
async def show(name: str, request: Request) -> Response:
    """Serves one file; anybody may read it, also who is not signed in."""
    file = FILES.get(name)
    if file is None:
        raise Problem(404, "there is no such file")
    for_good = request.query_params.get("v") == file.version
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if for_good else "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(file.content, headers=headers, media_type=file.media_type)
