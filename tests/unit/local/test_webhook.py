"""`forewarn webhook` registers and tends the endpoints of customers; what notifier refuses is said in its words."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import typer

from deploy.local.processes import ROOT
from deploy.local.webhook import Notifier, moment
from shared.settings import Settings
from shared.webhooks.signing import key_of
from tests.builders import NOON
from tests.flow.test_streams import serving
from tests.flow.webhook_desk import Hooks, hooks
from tests.hooks import Sink, sink


@pytest.fixture
async def to() -> AsyncIterator[Sink]:
    async with sink() as it:
        yield it


@pytest.fixture
async def desk(fresh_database: Settings) -> AsyncIterator[tuple[Hooks, Notifier]]:
    async with hooks(fresh_database) as it, serving(it.on.service) as url:
        yield it, Notifier(url, "operator-token")


async def typed(notifier: Notifier, *words: str) -> tuple[int, str, str]:
    """Returns exit code, standard output and standard error of `forewarn webhook …` as somebody types it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.cli", "webhook", *words),
        cwd=ROOT,
        env={"FOREWARN_NOTIFIER_URL": notifier.url, "FOREWARN_OPERATOR_TOKEN": notifier.token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_an_endpoint_is_registered_listed_rotated_and_deleted_as_typed(desk: tuple[Hooks, Notifier], to: Sink) -> None:
    _, notifier = desk
    code, first, err = await typed(notifier, "register", "c-1", to.url)
    assert (code, "shown this once" in err) == (0, True)
    key_of(first.strip())
    [shown] = await notifier.listed("c-1")
    code, listed, _ = await typed(notifier, "list")
    assert (code, shown.id in listed, to.url in listed, first.strip() in listed) == (0, True, True, False)
    code, second, _ = await typed(notifier, "rotate", shown.id)
    assert (code, key_of(second.strip()) != key_of(first.strip())) == (0, True)
    assert (await typed(notifier, "delete", shown.id))[:2] == (0, f"{shown.id} is deleted\n")
    assert await notifier.listed() == []
    code, _, err = await typed(notifier, "rotate", shown.id)
    assert (code, "there is no such endpoint" in err) == (1, True)


async def test_a_disabled_endpoint_is_enabled_and_gets_what_it_missed(desk: tuple[Hooks, Notifier], to: Sink) -> None:
    it, notifier = desk
    shown = await it.registered(to)
    to.always = "410"
    id_ = await it.told()
    await it.send(id_, to)
    code, _, err = await typed(notifier, "enable", shown["id"])
    assert (code, "answered the test call with 410" in err) == (1, True)
    to.always = None
    assert (await typed(notifier, "enable", shown["id"]))[0] == 0
    to.calls.clear()
    assert (await typed(notifier, "replay", shown["id"], "--since", "1h"))[:2] == (0, "1 messages are sent again\n")
    await it.replays()
    assert [call.headers["webhook-id"] for call in to.calls] == [id_]


@pytest.mark.parametrize(
    ("said", "ago"),
    [
        ("3d", timedelta(days=3)),
        ("12h", timedelta(hours=12)),
        *((at, timedelta(hours=1)) for at in ("2026-11-24T11:00Z", "2026-11-24T11:00")),
    ],
)
def test_a_moment_is_so_long_ago_or_a_date(said: str, ago: timedelta) -> None:
    assert NOON - moment(said, NOON) == ago


@pytest.mark.parametrize("said", ["", "soon", "-3d", "3 fortnights"])
def test_what_is_no_moment_is_said(said: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment(said, NOON)
