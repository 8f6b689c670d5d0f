"""Subjects of mails on a ticket have one line, one `Re:` and one number."""

import pytest

from services.ticketing.wording.subject import bare, is_reply, reply_to


@pytest.mark.parametrize(
    "subject",
    [
        "Cannot pay",
        "Re: Cannot pay",
        "RE: Re: AW: Cannot pay [#1042]",
        "Re: [#1042] Cannot pay",
        "[#1042] Re[2]: Cannot pay",
        "Fwd: WG: Cannot pay [#7] [#1042]",
        " re :\r\n Cannot pay",
    ],
)
def test_a_reply_has_one_re_and_one_number_whatever_the_subject_had(subject: str) -> None:
    assert reply_to(subject, 1042) == "Re: Cannot pay [#1042]"


@pytest.mark.parametrize("subject", ["", "  ", "Re:", "[#1042]", "Re: [#1042]"])
def test_a_subject_that_says_nothing_is_replaced(subject: str) -> None:
    assert reply_to(subject, 1042) == "Re: your request [#1042]"


@pytest.mark.parametrize("subject", ["Reply: no", "Recap: July", "Awful: it hangs", "#1042 is open", "Order [1042]"])
def test_what_only_looks_like_a_mark_stays(subject: str) -> None:
    assert bare(subject) == subject


def test_only_a_marked_subject_is_a_reply() -> None:
    assert is_reply("AW: Checkout is failing")
    assert not is_reply("Checkout is failing")
