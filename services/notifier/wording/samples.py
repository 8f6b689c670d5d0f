"""Samples of what templates are filled in with: for checks of templates, and for `forewarn render`. Pure."""

from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from services.notifier.wording import markup
from services.notifier.wording.language import LINKS, PAGE_FIELDS
from services.notifier.wording.locales import Moment

MOMENT = datetime(2026, 11, 24, 12, 58, tzinfo=UTC)
LINK = "https://shop.example/u/eyJjIjoiYy0xMDQyIn0.kq3vJ8mZr0w5"
QUESTION = "https://shop.example/h/aGVscGVkCm4tMQo.s3vJ8mZr0w5kq"


def sample_fields(*, empty: bool = False, locale: str = "en") -> dict[str, Any]:
    """Returns a value for each field that a template may name; `empty`: as little as there may be of each."""
    if empty:
        return dict.fromkeys(PAGE_FIELDS, "")
    said = "Hello Ada,\n\nthere is trouble with the checkout. See https://shop.example/status."
    moment = Moment(MOMENT, "Europe/Berlin", locale)
    return {
        **{name: f"<{name}> & more" for name in PAGE_FIELDS - LINKS},
        **{"article": "https://shop.example/help/import", "unsubscribe": LINK, "helped": QUESTION},
        **dict.fromkeys(("started_at", "estimate", "next_update", "starts_at", "ends_at"), moment),
        **{"locale": locale, "language": locale},
        **{"paragraphs": Markup(markup.paragraphs(said)), "footer": Markup(markup.paragraphs(LINK))},  # noqa: S704  both escape all they are given
    }
