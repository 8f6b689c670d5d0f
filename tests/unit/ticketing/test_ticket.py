"""A ticket's moves, every one."""

import pytest

from services.ticketing.ticket import MOVES, UNRESOLVED, Act, Refused, Status, move

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


@pytest.mark.parametrize("status", Status)
def test_a_refusal_names_exactly_what_can_be_done_instead(status: Status) -> None:
    for act in Act:
        if isinstance(refused := move(status, act), Refused):
            assert refused.allowed == tuple(each for each in Act if status in MOVES[each])


def test_a_refusal_reads_as_a_sentence() -> None:
    refused = move(Status.CLOSED, Act.REOPEN)
    assert str(refused) == "a ticket that is closed cannot reopen; it can do nothing any more"
