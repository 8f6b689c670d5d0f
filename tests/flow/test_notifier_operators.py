"""Those who run it are told what happens, once each, by their own channels: what gathers is one message, and a restart loses nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from services.notifier import metrics
from services.notifier.channels.apprise import Apprise
from services.notifier.channels.chat.building import PROVIDERS
from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.outcome import Channel, Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.operators.notices import About
from services.notifier.operators.telling import UNCERTAIN_TRIES, TellingOperators
from services.notifier.store import notices
from services.notifier.store.notices import GATHER, SPREAD, TELL
from shared.configuration.files import ConfigError
from shared.events import Fact
from shared.settings import Settings
from shared.timers import Work
from tests.builders import NOON
from tests.fakes import do_due
from tests.figures import value
from tests.flow.notifier_stage import CONFIG, HOUR, MINUTE, SECOND, Stage, opened, resolved, stage, updated
from tests.providers import slack
from tests.providers.slack import FakeSlack
from tests.providers.wire import says, wire

pytestmark = pytest.mark.asyncio

ADDRESSES = f"team = {slack.URL}\non-call = on-call@example.com\n"
OPERATORS: list[dict[str, object]] = [
    {"channel": "slack", "address": "team"},
    {"channel": "email", "address": "on-call", "of": ["brakes"]},
]


def written(folder: Path, operators: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    """Writes a notifications.yml with these operators; returns the settings that lead to it."""
    said = yaml.safe_load((CONFIG / "notifications.yml").read_text())
    (folder / "notifications.yml").write_text(yaml.safe_dump({**said, "operators": list(operators)}))
    return {"own_config_dir": str(folder), "operator_addresses": ADDRESSES}


def with_channels(on: Stage, channels: Mapping[str, Channel], **changed: Any) -> None:
    """Has operators told by these channels."""
    telling: object = getattr(on.service.due[TELL].handle, "__self__", None)
    assert isinstance(telling, TellingOperators)
    other = replace(telling, channels={**telling.channels, **channels}, **changed)
    on.service.due = {**on.service.due, SPREAD: Work(other.spread), TELL: Work(other.tell, lease=on.service.due[TELL].lease)}


class Scripted:
    """A channel that answers as it is told."""

    name, at_once, together = "slack", 1, 1
    ladder: tuple[timedelta, ...] | None = None
    ttl: timedelta | None = None

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes, self.given = list(outcomes), list[Rendered]()

    def message_id(self, notification_id: str) -> str:
        return notification_id

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        self.given += messages
        return [self.outcomes.pop(0) if self.outcomes else Delivered()]


@pytest.fixture
async def told(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[tuple[Stage, FakeSlack]]:
    """Yields a notifier whose operators are told by Slack of everything and by mail of brakes."""
    fake = FakeSlack()
    async with stage(fresh_database, **written(tmp_path, OPERATORS)) as on:
        with_channels(on, {"slack": Chat(PROVIDERS["slack"], (), httpx2.ASGITransport(fake))})
        yield on, fake


async def hear(on: Stage, *facts: Fact) -> None:
    """Has notifier hear the facts, and tell operators what follows."""
    await on.hear(*facts)
    await on.loop.advance(GATHER)


async def due(on: Stage) -> int:
    return len(await on.rows("SELECT FROM due WHERE kind = ANY ($1)", [SPREAD, TELL]))


async def say(on: Stage, about: About, subject: str, unique: str) -> None:
    async with on.service.database.transaction() as tx:
        await notices.tell(tx, about, subject, "Words.", unique=unique)


async def test_an_incident_is_told_when_it_opens_and_when_it_is_over(told: tuple[Stage, FakeSlack]) -> None:
    on, fake = told
    await hear(on, opened(on.now))
    [posted] = fake.posted
    assert posted["blocks"][0]["text"]["text"] == "*checkout is failing: opened*"
    assert "severity high" in posted["blocks"][1]["text"]["text"]
    await hear(on, updated(on.now, revision=1))
    assert len(fake.posted) == 1, "that it goes on is no news"
    await on.loop.advance(MINUTE)
    await hear(on, resolved(on.now, revision=2))
    assert fake.posted[1]["blocks"][0]["text"]["text"] == "*checkout is failing: over*"
    assert on.office.mails == [], "who wants brakes alone is not told of incidents"
    assert await due(on) == 0


async def test_each_is_told_of_what_they_want_by_their_own_channel(told: tuple[Stage, FakeSlack]) -> None:
    on, fake = told
    await say(on, About.BRAKES, "Rule checkout-failing was stopped", "brake-1")
    await on.loop.advance(GATHER)
    [mail] = on.office.to("on-call@example.com")
    assert mail["Subject"] == "Rule checkout-failing was stopped"
    assert mail["List-Unsubscribe"] is None
    assert len(fake.posted) == 1


async def test_what_is_said_again_is_told_once(told: tuple[Stage, FakeSlack]) -> None:
    on, fake = told
    fact = opened(on.now)
    for _ in range(3):
        await hear(on, fact)
        await say(on, About.APPROVALS, "412 customers wait for approval", "approval-1")
        await on.loop.advance(GATHER)
    assert len(fake.posted) <= 2
    assert sum("412 customers" in str(each) for each in fake.posted) == 1
    assert sum("checkout is failing" in str(each) for each in fake.posted) == 1


async def test_a_burst_is_one_message(told: tuple[Stage, FakeSlack]) -> None:
    on, fake = told
    before = value(metrics.OPERATOR_NOTICES.labels("told"))
    await on.consume(*(opened(on.now, f"i-{number}") for number in range(40)))
    await on.loop.advance(GATHER)
    [posted] = fake.posted
    assert posted["blocks"][0]["text"]["text"].startswith("*40 notices: ")
    assert value(metrics.OPERATOR_NOTICES.labels("told")) - before == 40


async def test_old_news_of_a_replay_are_told_to_nobody(told: tuple[Stage, FakeSlack]) -> None:
    on, fake = told
    long_ago, before = on.now - 25 * HOUR, value(metrics.OPERATOR_NOTICES.labels("failed"))
    await hear(on, opened(long_ago), resolved(long_ago + MINUTE, revision=1))
    assert fake.posted == []
    assert await due(on) == 0
    assert value(metrics.OPERATOR_NOTICES.labels("failed")) == before


@pytest.fixture
async def quiet(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Stage]:
    """Yields a notifier with one operator, who is told by a channel that each test brings."""
    async with stage(fresh_database, **written(tmp_path, OPERATORS[:1])) as on:
        yield on


async def test_a_channel_that_is_away_is_tried_again_when_it_says(quiet: Stage) -> None:
    channel = Scripted(Retry(timedelta(minutes=3), Trouble.DEFERRED, "429"), Retry(None, Trouble.UNREACHABLE))
    with_channels(quiet, {"slack": channel})
    await hear(quiet, opened(quiet.now))
    await quiet.loop.advance(3 * MINUTE - SECOND)
    assert len(channel.given) == 1, "after the three seconds in which it waited for others"
    await quiet.loop.advance(SECOND)
    assert len(channel.given) == 2
    await quiet.loop.advance(20 * SECOND)
    assert len(channel.given) == 3
    assert len({each.id for each in channel.given}) == 1
    assert await due(quiet) == 0


async def test_what_came_meanwhile_goes_with_the_next_try(quiet: Stage) -> None:
    channel = Scripted(Retry(MINUTE, Trouble.DEFERRED, "429"))
    with_channels(quiet, {"slack": channel})
    await hear(quiet, opened(quiet.now, "i-1"))
    await quiet.loop.advance(MINUTE - SECOND)
    await quiet.hear(opened(quiet.now, "i-2"))
    await quiet.loop.advance(GATHER)
    assert [each.subject for each in channel.given] == ["checkout is failing: opened", "2 notices: checkout is failing: opened"]
    assert await due(quiet) == 0


async def test_an_unknown_outcome_is_not_repeated_for_ever(quiet: Stage) -> None:
    channel = Scripted(*[Retry(None, Trouble.UNKNOWN, "ReadTimeout")] * 10)
    with_channels(quiet, {"slack": channel})
    await hear(quiet, opened(quiet.now))
    await quiet.loop.advance(HOUR)
    assert len(channel.given) == UNCERTAIN_TRIES
    assert await due(quiet) == 0


async def test_what_never_works_ends_when_it_is_no_news_any_more(quiet: Stage) -> None:
    channel, before = Scripted(*[Retry(None, Trouble.RELAY, "401")] * 1000), value(metrics.OPERATOR_NOTICES.labels("failed"))
    with_channels(quiet, {"slack": channel}, max_age=HOUR)
    await hear(quiet, opened(quiet.now))
    await quiet.loop.advance(HOUR + 5 * MINUTE)
    assert 12 < len(channel.given) < 20
    assert await due(quiet) == 0
    assert value(metrics.OPERATOR_NOTICES.labels("failed")) - before == 1, "they were not told"


async def test_a_refusal_is_logged_without_the_address(quiet: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with_channels(quiet, {"slack": Scripted(Failed(Refusal.ADDRESS, "404 no_service"))})
    await hear(quiet, opened(quiet.now))
    assert "operator slack team cannot be told: address 404 no_service" in caplog.text
    assert slack.URL not in caplog.text
    assert await due(quiet) == 0


async def test_a_worker_that_died_leaves_the_notice_to_another(quiet: Stage) -> None:
    channel = Scripted()
    with_channels(quiet, {"slack": channel})
    await quiet.consume(opened(quiet.now))
    await do_due(quiet.service.database, SPREAD, quiet.service.due[SPREAD])
    await quiet.clock.advance(GATHER)
    dead = "UPDATE due SET lease = gen_random_uuid(), ready_at = clock() + interval '2 minutes' WHERE kind = $1 RETURNING ref"
    assert len(await quiet.rows(dead, TELL)) == 1
    await quiet.loop.advance(2 * MINUTE - SECOND)
    assert channel.given == []
    await quiet.loop.advance(SECOND)
    assert len(channel.given) == 1
    assert await due(quiet) == 0


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
async def test_apprise_brings_it_to_a_service_of_the_operators_own() -> None:
    async with wire(says(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as server:
        channel = Apprise()
        message = Rendered("n", "operators", f"json://127.0.0.1:{server.port}/hook", "", "Rule stopped", "Words.\n", date=NOON)
        assert channel.usable(message.address)
        assert await channel.send([message]) == [Delivered()]
    assert b"Rule stopped" in server.asked[0]
    assert b"Words." in server.asked[0]
    away = await channel.send([message, replace(message, address="nothing://that-is-known")])
    assert away == [Retry(None, Trouble.DEFERRED, "refused or away"), Failed(Refusal.UNSUPPORTED, "no URL of Apprise")]


async def test_an_operator_without_an_address_stops_the_start(fresh_database: Settings, tmp_path: Path) -> None:
    said = written(tmp_path, [{"channel": "slack", "address": "nobody"}])
    with pytest.raises(ConfigError, match="has no nobody"):
        async with stage(fresh_database, **said):
            pass
