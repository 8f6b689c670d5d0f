"""Draws a page from its template: whole, or only the regions that the script of an open page asks for.

A region is a Jinja block named `region_<name>` that holds one element with `data-region="<name>"`. A request with the header
`Forewarn-Regions: name name` gets only those elements, one after the other, and the script puts each in the place of the one it has.
What a template sets or imports outside of a region is not known inside; the macros of `macros.html` are known everywhere. Regions of
`layout.html` are on every page.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from services.console.frame import words
from services.console.frame.files import address
from services.console.live.changes import ERASED, FRAME
from services.console.sessions.signed import Signed
from services.console.settings import ConsoleSettings

REGIONS, AS_OF = "Forewarn-Regions", "Forewarn-As-Of"
CONSOLE = Path(__file__).parents[1]
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": f"Cookie, {REGIONS}",
}

environment = Environment(
    loader=FileSystemLoader([CONSOLE / "frame", CONSOLE / "pages"]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters |= {
    "ago": pass_context(lambda context, at: words.ago(at, context["now"])),
    "until": pass_context(lambda context, at: words.until(at, context["now"])),
    "personal": pass_context(lambda context, text: words.personal(text, context["sees_personal"])),
    "identity": pass_context(lambda context, id_: words.identity(id_, context["sees_personal"])),
    **{each.__name__: each for each in (words.exact, words.duration, words.number, words.plain, words.segment)},
}
environment.globals |= {"form_id": lambda: uuid4().hex, "counted": words.counted}


@pass_context
def with_query(context: Context, **changed: object) -> str:
    """Returns the link to this page with some values of its query changed; None takes one away."""
    kept = [(name, value) for name, value in parse_qsl(context["query"]) if name not in changed]
    query = urlencode([*kept, *((name, str(value)) for name, value in changed.items() if value is not None)])
    return f"{context['form_page']}?{query}"


environment.globals["with_query"] = with_query


def prefix_of(settings: ConsoleSettings) -> str:
    """Returns what a proxy puts before every path; empty or without a slash at its end."""
    return urlsplit(settings.console_url).path.rstrip("/")


def draw(request: Request, template: str, *, live: Sequence[str] = (), status: int = 200, **values: Any) -> Response:
    """Returns the page, or the regions of it that the request asks for.

    `template` is a path below `frame/` or `pages/`; `live` names the keys (`live/changes.py`) whose changes draw the regions anew. A page
    that shows anything of a customer has its words in regions and at least the key `ERASED`, which pages with other keys have, too.
    """
    found = environment.get_template(template)
    given = _given(request) | {"live": " ".join(dict.fromkeys((*live, ERASED, FRAME))) if live else ""}
    macros = vars(environment.get_template("macros.html").make_module(given))
    given |= {name: macro for name, macro in macros.items() if not name.startswith("_")} | values
    asked = request.headers.get(REGIONS)
    drawn = found.render(given) if asked is None else _regions(found, asked.split(), given)
    return Response(drawn, status, HEADERS | {AS_OF: given["now"].isoformat()}, "text/html")


def _signed(request: Request) -> Signed | None:
    return getattr(request.state, "signed", None)


def sees_personal(request: Request, now: datetime | None = None) -> bool:
    """Returns True when personal data is shown as it is to the person who asks."""
    signed = _signed(request)
    return signed is not None and signed.sees_personal(now or datetime.now(UTC))


def _given(request: Request) -> dict[str, Any]:
    """Returns what every template may use.

    A page that a form's address draws, since the form was refused, is the page at the address without its last part: `page` has it,
    and `form_page` is what links and the script use in place of the address that the browser shows.
    """
    settings: ConsoleSettings = request.app.state.settings
    prefix = prefix_of(settings)
    now = datetime.now(UTC)
    path = request.scope["raw_path"].decode("latin-1")  # as it was sent: a part of it may hold a slash
    is_form = request.method == "POST"
    page = path.rpartition("/")[0] if is_form else path
    signed = _signed(request)
    return {
        "page": page if is_form else page + ("?" + request.url.query if request.url.query else ""),
        "form_page": prefix + page if is_form else "",
        "url": lambda path: prefix + path,
        "path": request.url.path,
        "query": "" if is_form else request.url.query,
        "signed": signed,
        "sees_personal": sees_personal(request, now),
        "now": now,
        "stamp": settings.stamp,
        "navigation": [page for page in request.app.state.navigation if signed and signed.role.may(page.role)],
        "static": lambda name: prefix + address(name),
        "since": getattr(request.state, "since", 0),
        "behind": request.app.state.hub.behind.seconds,
        "consent": request.app.state.watch.latest,
    }


def _regions(template: Template, names: Sequence[str], given: dict[str, Any]) -> str:
    context = template.new_context(given)
    known = environment.get_template("layout.html").blocks | template.blocks
    blocks = [known[f"region_{name}"] for name in names if f"region_{name}" in known]
    return "".join("".join(block(context)) for block in blocks)
