"""Rows of Postgres come that cannot be worked on, or not be sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.notifier.store.returned import WATCH
from shared.webhooks.retrying import PAUSES
from tests.alerts.scaling import OPERATOR
from tests.alerts.stack import Stack


@asynccontextmanager
async def work_that_raises(stack: Stack) -> AsyncIterator[None]:
    """A table is missing that due work needs."""
    await stack.sql("ALTER TABLE ticketing.clocks RENAME TO clocks_away")
    await stack.sql(
        "INSERT INTO ticketing.due (kind, ref, due_at, ready_at) "
        "SELECT 'warn_first_response', 'x' || n, now(), now() FROM generate_series(1, 15) n"
    )
    yield
    await stack.sql("ALTER TABLE ticketing.clocks_away RENAME TO clocks")


@asynccontextmanager
async def work_that_always_raised(stack: Stack) -> AsyncIterator[None]:
    """A row that no version of ours can have written raises for the twentieth time."""
    await stack.sql("INSERT INTO ticketing.due (kind, ref, due_at, ready_at, raised) VALUES ('look_again', 'nonsense', now(), now(), 19)")
    yield
    await stack.sql("DELETE FROM ticketing.due_aside")


@asynccontextmanager
async def work_that_no_worker_gets(stack: Stack) -> AsyncIterator[None]:
    """Somebody holds a row that becomes due."""
    await stack.sql("INSERT INTO ticketing.due (kind, ref, due_at, ready_at) SELECT 'tidy_tickets', 'x', now() + '3 s', now() + '3 s'")
    async with stack.holding("SELECT FROM ticketing.due WHERE ref = 'x' FOR UPDATE"):
        yield
    await stack.sql("DELETE FROM ticketing.due WHERE ref = 'x'")


@asynccontextmanager
async def webhook_that_took_no_call(stack: Stack) -> AsyncIterator[None]:
    """The last call of a risk's webhook is due, and no webhook of that name takes it."""
    await stack.sql(
        "INSERT INTO monitor.risks (id, customer_id, rule, fingerprint, version, partition, title, score, contributions, evidence, action,"  # noqa: S608
        " began_at, last_at, raised_at, action_status, action_tries) VALUES ('harmed', 'c-harmed', 'harmed', '', '', 0, 'x', 1, '{}', '{}',"
        """ '{"kind": "webhook", "name": "nowhere"}', now(), now(), now(), 'waiting', """
        f"{len(PAUSES)})"
    )
    await stack.sql("INSERT INTO monitor.due (kind, ref, due_at, ready_at) VALUES ('act_on_risk', 'harmed', now(), now())")
    yield
    await stack.sql("DELETE FROM monitor.risks WHERE id = 'harmed'")


@asynccontextmanager
async def refused_row(stack: Stack) -> AsyncIterator[None]:
    """A fact for a topic that is not there."""
    await stack.sql("INSERT INTO monitor.outbox (topic, value, header_names, header_values) VALUES ('no.such.topic.v1', '{}', '{}', '{}')")
    yield
    await stack.sql("DELETE FROM monitor.unpublished")


@asynccontextmanager
async def endpoint_that_fails(stack: Stack) -> AsyncIterator[None]:
    """An endpoint at an address that is never called has failed nine times in two hours; its tenth call is due."""
    await stack.sql(
        "INSERT INTO notifier.endpoints (id, customer_id, url, failures, failing_since) "
        "VALUES ('e-x', 'nobody', 'https://192.0.2.1/', 9, now() - interval '2 hours')"
    )
    await stack.sql(
        "INSERT INTO notifier.endpoint_missed (endpoint_id, notification_id, customer_id, body) VALUES ('e-x', 'n', 'nobody', '{}')"
    )
    await stack.sql("INSERT INTO notifier.due (kind, ref, due_at, ready_at) VALUES ('webhook_replay', '[\"e-x\", \"n\"]', now(), now())")
    yield
    await stack.sql("DELETE FROM notifier.endpoint_missed WHERE endpoint_id = 'e-x'")
    await stack.sql("DELETE FROM notifier.endpoints WHERE id = 'e-x'")


@asynccontextmanager
async def customers_locked(stack: Stack) -> AsyncIterator[None]:
    """The console cannot save what it hears of customers, who go on being spoken of."""
    async with stack.holding("LOCK TABLE console.customers IN ACCESS EXCLUSIVE MODE"):
        yield


@asynccontextmanager
async def mails_came_back(stack: Stack) -> AsyncIterator[None]:
    """Of a thousand mails more than every twentieth came back."""
    await stack.sql(
        "INSERT INTO notifier.notifications (id, customer_id, kind, about_at, status, channel, sent_at, settled_at, attempts) "
        "SELECT 'came-back-' || n, 'came-back', 'opened', now(), 'delivered', 'email', now(), now(), '[{}]' FROM generate_series(1, 1000) n"
    )
    await stack.sql(
        "INSERT INTO notifier.deliveries (notification_id, channel, address, status, ended_at) "
        "SELECT id, 'email', 'a', 'delivered', now() FROM notifier.notifications WHERE id LIKE 'came-back-%'"
    )
    await stack.sql(
        "INSERT INTO notifier.returned_mails (id, notification_id, channel, kind, code) "
        "SELECT 'came-back-' || n, 'came-back-' || n, 'email', 'address', '5.1.1' FROM generate_series(1, 100) n"
    )
    await stack.sql(f"UPDATE notifier.due SET due_at = now(), ready_at = now() WHERE kind = '{WATCH}'")  # its next look is now  # noqa: S608
    yield
    await stack.sql("DELETE FROM notifier.returned_mails WHERE id LIKE 'came-back-%'")
    await stack.sql("DELETE FROM notifier.notifications WHERE id LIKE 'came-back-%'")
    await stack.sql("UPDATE notifier.channel_brakes SET level = 'ok', cause = NULL, paused_at = NULL")


@asynccontextmanager
async def stopped_and_asked(stack: Stack) -> AsyncIterator[None]:
    """A person and a brake have stopped rules that nobody has, and an audience of nobody waits for approval."""
    await stack.sql("INSERT INTO notifier.switches (scope, name, mode, reason, by) VALUES ('rule', 'x', 'off', 'a trial', 'trial')")
    await stack.sql("INSERT INTO notifier.switches (scope, name, mode, reason, by) VALUES ('rule', 'x', 'brake', 'a trial', 'trial')")
    await stack.sql("INSERT INTO notifier.gates (id, rule) VALUES ('x', 'x')")
    await stack.sql("INSERT INTO notifier.approvals (id, gate, round, expires_at) VALUES ('x', 'x', 1, now() + interval '1 hour')")
    yield
    await stack.sql("DELETE FROM notifier.switches WHERE name = 'x'")
    await stack.sql("DELETE FROM notifier.gates WHERE id = 'x'")


@asynccontextmanager
async def operator_who_was_not_told(stack: Stack) -> AsyncIterator[None]:
    """A notice was tried until it was no news any more."""
    await stack.sql(
        "INSERT INTO notifier.notices (id, about, subject, body, at) VALUES ('untold', 'brakes', 'x', 'x', now() - interval '30 days')"
    )
    row = f"""('notice_tell', '["{OPERATOR}", "untold"]', now(), now(), 3)"""
    await stack.sql(f"INSERT INTO notifier.due (kind, ref, due_at, ready_at, attempts) VALUES {row}")  # noqa: S608  words of ours
    yield
    await stack.sql("DELETE FROM notifier.notices WHERE id = 'untold'")
