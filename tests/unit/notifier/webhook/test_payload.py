"""What an endpoint is told is a JSON object of at most 20 kB; what does not fit is cut, and said to be."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.outcome import Rendered, Words
from services.notifier.channels.webhook.payload import LARGEST, body_of
from tests.builders import NOON

LINK = "https://example.com/u/t"
MESSAGE = Rendered(
    "n-1", "opened", "https://example.org/hook", "Ada", "Trouble", f"Hello\n-- \n{LINK}", "i-1", unsubscribe=LINK,
    words=Words("Trouble", "Hello"), date=NOON,
)  # fmt: skip


def test_it_says_what_it_is_about_without_the_link_that_acts_for_the_customer() -> None:
    body = body_of(MESSAGE, "c-1", {"id": "i-1", "component": "checkout"})
    assert json.loads(body) == {
        "type": "notification.opened",
        "timestamp": "2026-11-24T12:00:00Z",
        "data": {
            "notification_id": "n-1",
            "kind": "opened",
            "customer_id": "c-1",
            "subject": "Trouble",
            "text": "Hello",
            "incident": {"id": "i-1", "component": "checkout"},
            "ticket_id": None,
            "truncated": False,
        },
    }
    assert LINK.encode() not in body


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(1, 400))
def test_it_never_has_more_than_20_kb_and_says_when_something_is_missing(piece: str, times: int) -> None:
    text = piece * times
    body = body_of(replace(MESSAGE, text=text, words=Words("s", text)), "c" * 255, None)
    told = json.loads(body)["data"]
    assert len(body) <= LARGEST
    assert text.startswith(told["text"])
    assert told["truncated"] is (told["text"] != text)
    if len(json.dumps(text, ensure_ascii=False).encode()) < LARGEST - 1000:
        assert not told["truncated"]


@pytest.mark.parametrize("letter", ["x", "ä", "😀", '"', "\x01"])
def test_most_of_what_fits_is_told(letter: str) -> None:
    body = body_of(replace(MESSAGE, words=Words("s", letter * 110_000)), "c-1", None)
    assert LARGEST * 0.9 < len(body) <= LARGEST
