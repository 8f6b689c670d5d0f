"""The text of an SMS is short, names the way to stop, and is counted as providers bill it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.sms.text import LONGEST, Alphabet, Segments, is_number, plainly, segments, text_of
from tests.unit.notifier.channels.building import STOP, TEXT, message

NUMBER = "+4915112345678"


@pytest.mark.parametrize(
    ("text", "alphabet", "count"),
    [
        ("a" * 160, Alphabet.GSM7, 1),
        ("a" * 161, Alphabet.GSM7, 2),
        ("a" * 306, Alphabet.GSM7, 2),
        ("a" * 307, Alphabet.GSM7, 3),
        ("€" * 80, Alphabet.GSM7, 1),  # two septets each
        ("€" * 81, Alphabet.GSM7, 2),
        ("a" * 152 + "€" + "a" * 152, Alphabet.GSM7, 3),  # the two septets are not divided between two segments
        ("äöüÄÖÜßèé£", Alphabet.GSM7, 1),
        ("ж" * 70, Alphabet.UCS2, 1),
        ("ж" * 71, Alphabet.UCS2, 2),
        ("ж" * 134, Alphabet.UCS2, 2),
        ("ж" * 135, Alphabet.UCS2, 3),
        ("😀" * 35, Alphabet.UCS2, 1),
        ("😀" * 36, Alphabet.UCS2, 2),
        ("ж" * 66 + "😀" + "ж" * 66, Alphabet.UCS2, 3),  # nor is a surrogate pair
        ("", Alphabet.GSM7, 1),
    ],
)
def test_segments_are_counted_as_they_are_billed(text: str, alphabet: Alphabet, count: int) -> None:
    assert segments(text) == Segments(alphabet, count)


def test_a_short_text_is_sent_whole_with_the_way_to_stop_once() -> None:
    assert text_of(message(NUMBER)) == TEXT.strip()
    assert text_of(message(NUMBER, text="It works again.")) == f"It works again.\nStop: {STOP}"


def test_instead_of_a_long_text_the_subject_is_sent() -> None:
    assert text_of(message(NUMBER, text=TEXT * 5)) == f"Checkout is failing: we are on it\nStop: {STOP}"
    assert text_of(message(NUMBER, text="x" * 481, unsubscribe=None)) == "Checkout is failing: we are on it"


def test_typographic_characters_do_not_make_a_text_twice_as_dear() -> None:
    assert plainly("we’re on it – “Checkout” …") == 'we\'re on it - "Checkout" ...'
    assert plainly("мы на связи – …") == "мы на связи – …", "it is UCS-2 anyway"


@given(subject=st.text(max_size=600), text=st.text(max_size=700), stops=st.booleans())
def test_no_text_is_longer_than_what_is_allowed_and_the_way_to_stop_is_whole(subject: str, text: str, *, stops: bool) -> None:
    made = text_of(message(NUMBER, subject=subject, text=text, unsubscribe=STOP if stops else None))
    assert len(made) <= LONGEST
    assert (STOP in made) or not stops


def test_a_link_without_room_is_left_out_whole() -> None:
    made = text_of(message(NUMBER, text="x" * 500, unsubscribe="https://shop.example.org/u/" + "t" * 400))
    assert made == "Checkout is failing: we are on it"


@pytest.mark.parametrize("number", [NUMBER, "+15005550006", "+1234567", "+123456789012345"])
def test_a_number_is_international(number: str) -> None:
    assert is_number(number)


@pytest.mark.parametrize(
    "other",
    [
        "015112345678",
        "4915112345678",
        "+0151123456",
        "+49 151 12345678",
        "+123456",
        "+1234567890123456",
        "+49151١٢٣٤",
        "",
        "ada",
        "+1500555\n",
    ],
)
def test_what_is_no_international_number_is_none(other: str) -> None:
    assert not is_number(other)
