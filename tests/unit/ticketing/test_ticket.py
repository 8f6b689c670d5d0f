"""Every move of a ticket's state machine is tried."""

import pytest

from services.ticketing.ticket import ROUTES, UNRESOLVED, Act, Refused, Status, move, routes_open

PICTURE = """
            open         in_progress  waiting      resolved     closed
assign      in_progress  in_progress  waiting      -            -
unassign    open         open         waiting      -            -
reply       waiting      waiting      waiting      resolved     -
answer      waiting      in_progress  waiting      -            -
write       open         in_progress  open         open         -
link        open         in_progress  waiting      -            -
unlink      open         in_progress  open         open         -
resolve     resolved     resolved     resolved     -            -
reopen      -            -            -            open         -
close       -            -            -            closed       -
"""


def test_every_act_in_every_state_leads_where_the_picture_says() -> None:
    head, *lines = PICTURE.strip().splitlines()
    states = [Status(word) for word in head.split()]
    drawn = {Act(act): dict(zip(states, leads, strict=True)) for act, *leads in map(str.split, lines)}
    found = {act: {state: "-" if isinstance(to := move(state, act), Refused) else str(to) for state in Status} for act in Act}
    assert found == drawn


def test_a_closed_record_is_final() -> None:
    assert all(isinstance(move(Status.CLOSED, act), Refused) for act in Act)


def test_every_unresolved_ticket_can_be_resolved_and_be_written_on() -> None:
    for status in UNRESOLVED:
        assert move(status, Act.RESOLVE) is Status.RESOLVED
        assert move(status, Act.WRITE) in UNRESOLVED


@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize("status", Status)
def test_the_routes_that_are_open_are_those_of_agents_that_lead_somewhere(status: Status, is_linked: bool) -> None:
    leads = {ROUTES[act] for act in ROUTES if not isinstance(move(status, act), Refused)}
    assert set(routes_open(status, is_linked=is_linked)) == leads - {"link" if is_linked else "unlink"}


def test_what_only_a_customer_time_or_forewarn_can_do_has_no_route() -> None:
    assert set(Act) - set(ROUTES) == {Act.WRITE, Act.ANSWER, Act.CLOSE}


def test_a_refusal_reads_as_a_sentence() -> None:
    assert str(move(Status.CLOSED, Act.REOPEN)) == "reopen is not possible on a ticket that is closed"
