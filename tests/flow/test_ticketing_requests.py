"""Requests become tickets: each once, with a number of its own; who writes again on a ticket continues it."""

from datetime import timedelta

import pytest

from shared.events import identity
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import NOW, minutes, requested


async def test_a_request_becomes_a_ticket_with_what_the_customer_said(desk: Desk) -> None:
    await desk.tell(requested(1, subject="Zahlung ❤️ לא עובד", body="e\u0301 is not é, and \u202e turns around", component="Checkout"))
    [ticket] = await desk.tickets()
    assert ticket["id"] == identity("ticket", "/form", "1")
    assert (ticket["number"], ticket["status"], ticket["priority"], ticket["component"]) == (1001, "open", "normal", "checkout")
    [message] = await desk.rows("SELECT subject, body FROM messages")
    assert message == {"subject": "Zahlung ❤️ לא עובד", "body": "e\u0301 is not é, and \u202e turns around"}
    opened, received = await desk.said()
    assert opened["causationid"] == "1"
    assert opened["data"]["number"] == 1001
    assert (received["causationid"], received["data"]["body"]) == ("1", message["body"])


async def test_a_request_that_comes_again_takes_no_second_ticket_and_no_second_number(desk: Desk) -> None:
    await desk.tell_at_once([requested(1), requested(1)])
    await desk.tell(requested(1), requested(2))
    assert [ticket["number"] for ticket in await desk.tickets()] == [1001, 1002]
    assert await desk.types() == ["opened", "received", "opened", "received"]


async def test_two_sources_may_use_the_same_id(desk: Desk) -> None:
    await desk.tell(requested(1), requested(1).model_copy(update={"source": "/mail"}))
    assert len(await desk.tickets()) == 2


@pytest.mark.parametrize("ref", ["1001", " #1001 ", identity("ticket", "/form", "1")])
async def test_a_reply_continues_the_ticket_by_number_or_id(desk: Desk, ref: str) -> None:
    await desk.tell(requested(1), requested(2, body="Still.", in_reply_to=ref))
    [ticket] = await desk.tickets()
    assert ticket["status"] == "open"
    assert [row["body"] for row in await desk.rows("SELECT body FROM messages ORDER BY body")] == ["Still.", "The checkout hangs."]


async def test_a_reply_opens_a_resolved_ticket_again_and_says_so_once(desk: Desk) -> None:
    await desk.tell(requested(1))
    await desk.rows("UPDATE tickets SET status = 'resolved', resolved_at = clock() RETURNING 1")
    await desk.tell_at_once([requested(2, in_reply_to="1001"), requested(3, in_reply_to="1001")])
    [ticket] = await desk.tickets()
    assert (ticket["status"], ticket["resolved_at"]) == ("open", None)
    assert await desk.types() == ["opened", "received", "received", "reopened", "received"]


@pytest.mark.parametrize("ref", ["1001", "4711", "nonsense", "9" * 30, "-1", "1001; DROP TABLE tickets"])
async def test_a_reply_to_nothing_of_the_customers_own_is_a_new_ticket(desk: Desk, ref: str) -> None:
    await desk.tell(requested(1, "c-1"), requested(2, "c-2", in_reply_to=ref))
    assert [ticket["customer_id"] for ticket in await desk.tickets()] == ["c-1", "c-2"]


async def test_a_closed_record_is_final_so_a_reply_to_it_is_a_new_ticket(desk: Desk) -> None:
    await desk.tell(requested(1))
    await desk.rows("UPDATE tickets SET status = 'closed' RETURNING 1")
    await desk.tell(requested(2, in_reply_to="1001"), requested(2, in_reply_to="1001"))
    assert [ticket["status"] for ticket in await desk.tickets()] == ["closed", "open"]


async def test_an_old_log_keeps_its_own_times_and_says_each_missed_promise_once(desk: Desk) -> None:
    long_ago = NOW - timedelta(days=3900)
    await desk.tell_at_once([requested(number, at=long_ago + minutes(number)) for number in range(3)])
    await desk.ring()
    assert [ticket["opened_at"] for ticket in await desk.tickets()] == [long_ago + minutes(number) for number in range(3)]
    assert await desk.types() == ["opened", "received", "sla_breached"] * 3
    assert await desk.rows("SELECT * FROM due") == []


async def test_a_request_from_a_clock_that_is_ahead_was_written_now(desk: Desk) -> None:
    await desk.tell(requested(1, at=NOW + minutes(10)))
    [ticket] = await desk.tickets()
    assert ticket["opened_at"] == NOW
