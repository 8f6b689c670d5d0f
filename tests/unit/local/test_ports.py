"""A port that was found free stays so until its server starts: no listener, no connection and no other stack gets it meanwhile."""

import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.ports import claimed_port, free_port

SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not SYSTEM.exists(), reason="only Linux says which ports it gives")
def test_the_system_gives_no_port_that_was_found_free() -> None:
    first, last = map(int, SYSTEM.read_text().split())
    assert not set(range(first, last + 1)) & {free_port() for _ in range(1_000)}


def test_a_port_that_is_wished_for_is_taken_when_it_is_free_and_another_when_it_is_not() -> None:
    wished = free_port()
    assert free_port(wished) == wished
    with socket.create_server(("127.0.0.1", wished)):
        assert free_port(wished) not in {0, wished}


def test_two_that_start_at_once_do_not_take_one_port() -> None:
    wished = free_port()
    with claimed_port(wished) as first:
        with claimed_port(wished) as second:
            assert (first, second != first) == (wished, True)
        with claimed_port() as any_other:
            assert any_other not in (0, first)
    with claimed_port(wished) as again:
        assert again == wished


def test_a_port_somebody_listens_on_is_not_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = listening.getsockname()[1]
        with claimed_port(taken) as port:
            assert port not in (0, taken)


def test_a_claimed_port_is_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "TO", ports.FROM + 9)
    with ExitStack() as held:
        claimed: list[int] = []
        with suppress(OSError):  # when all are taken
            while True:
                claimed.append(held.enter_context(claimed_port()))
        assert len(claimed) == len(set(claimed)) > 0
        with pytest.raises(OSError, match=f"no port from {ports.FROM} to {ports.TO} is free"):
            free_port()
        with pytest.raises(OSError, match="is free"), claimed_port():
            pass
    assert free_port() in range(ports.FROM, ports.TO + 1)
