"""Notifications that are due are decided about, up to two hundred in one transaction, which also notes that sending begins.

The note takes a slot of the cap, and it is what is left of a try whose worker died, so that a customer who may have been told
hears of the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from services.notifier import facts, metrics
from services.notifier.acts import asking, experimenting, permitting
from services.notifier.channels.registry import Route
from services.notifier.deciding.decision import Hold, Send, Suppressed
from services.notifier.deciding.planning import Settled, expired
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.sending import Sending
from services.notifier.delivering.counting import count
from services.notifier.delivering.ends import give_ends, may_be_owed
from services.notifier.delivering.joining import Joining, Ready
from services.notifier.notification import Notification
from services.notifier.situation import Situation
from services.notifier.store import deliveries, incidents, ledger
from services.notifier.store.deliveries import Found
from services.notifier.wording.sealing import Write
from shared import timers
from shared.erasing import hold
from shared.events import Fact
from shared.outbox import say
from shared.postgres import Database, Tx
from shared.timers import Due, LeaseLost

LEASE = timedelta(seconds=30)  # a crashed worker's notifications come back after it
SPENT = LEASE / 10  # of a lease, after which it begins anew when sending does

Key = TypeVar("Key")
Begun = Sending | None | Exception  # None: there is nothing to send now


@dataclass
class Round:
    """What was decided about notifications of as many customers, to be written down."""

    sends: dict[Due, tuple[Sending, datetime]] = field(default_factory=dict)  # and when that was decided
    holds: dict[Due, Hold] = field(default_factory=dict)
    suppressed: dict[Due, tuple[Found, Suppressed]] = field(default_factory=dict)
    expired: dict[Due, tuple[Notification, str, Settled]] = field(default_factory=dict)  # with the channel that would have brought it
    later: dict[Due, datetime] = field(default_factory=dict)  # decided again then, as if it had not been now
    entered: list[tuple[str, str]] = field(default_factory=list)  # the experiment and the arm of each customer who is new in one

    @property
    def joined(self) -> set[str]:
        """Returns what is told in the messages of others."""
        return {each.notification.id for sending, _ in self.sends.values() for each in sending.others}


@dataclass(frozen=True)
class Beginning:
    """Begins to bring what is due."""

    database: Database
    policy: Policy
    write: Write
    routes: Mapping[str, Route]

    @property
    def _longest(self) -> timedelta:
        """Returns how long a notification waits at most until it is sent."""
        return max(self.policy.max_event_age, self.policy.ttl, *(route.patience.ttl or timedelta() for route in self.routes.values()))

    async def begin(self, dues: Sequence[Due]) -> list[Begun]:
        """Returns what to send of these rows, or LeaseLost for what another worker has by now."""
        begun: dict[Due, Begun] = {due: LeaseLost(f"{due.kind} {due.ref}") for due in dues}
        rounds: list[Round] = []
        async with self.database.transaction() as tx:
            await hold(tx)  # nobody is erased between what is read of them and what is written down
            found = await deliveries.find(tx, {due.ref for due in dues})
            ours = await timers.ours(tx, dues)
            begun |= dict.fromkeys(ours)
            over = [due for due in ours if due.ref not in found]  # what waits no more
            await timers.settle(tx, over)
            await ledger.part_from(tx, {due.ref for due in over})
            left = {due: found[due.ref] for due in dues if due in ours and due.ref in found}
            while left:
                some = _one_of_each(left)
                rounds.append(await self._decided(tx, some))
                await self._write_down(tx, rounds[-1])
                left = {due: each for due, each in left.items() if due not in some and due.ref not in rounds[-1].joined}
        for each in rounds:
            begun |= {due: sending for due, (sending, _) in each.sends.items()}
            _count(each)
        return [begun[due] for due in dues]

    async def _decided(self, tx: Tx, some: Mapping[Due, Found]) -> Round:
        """Decides about one notification of each customer, on what they got before."""
        asked: dict[Due, Situation] = {}
        ready: dict[Due, Ready] = {}
        decided, put_off = Round(), False  # all that is due, once, where one channel brings all
        known = await self._known(tx, some)
        situations, about = {due: found.situation for due, found in known.items()}, {due for due, found in known.items() if found.earlier}
        for due, (situation, decision) in (await asking.decisions(tx, situations, self.policy, told_before=about)).items():
            found = replace(known[due], situation=situation)
            match decision:
                case Send(contact, why):
                    route = self.routes[contact.channel]
                    if over := expired(situation.notification, situation.now, self.policy, route.patience):
                        decided.expired[due] = situation.notification, contact.channel, over
                    elif (until := route.breaker.wait_until(due.now)) is not None:
                        put_off = put_off or len(self.routes) > 1 or await deliveries.put_off(tx, until)
                        decided.later[due] = until
                    else:
                        ready[due] = Ready(found, contact, why)
                case Hold() as held:
                    decided.holds[due] = held
                    asked[due] = situation
                case Suppressed() as suppressed:
                    decided.suppressed[due] = found, suppressed
        await _again_if_overtaken(tx, decided, {due: found.situation for due, found in some.items()})
        decided.sends = await Joining(self.policy, self.write, self.routes, self._known).sendings(tx, ready)
        await permitting.ask(tx, [(asked[due], held) for due, held in decided.holds.items()], self.policy)
        decided.entered = await experimenting.enter(tx, _arms(decided))
        return decided

    async def _known(self, tx: Tx, some: Mapping[Key, Found]) -> dict[Key, Found]:
        """Returns the same with what these customers got before, and what people and experiments allow."""
        told = await deliveries.told_before(tx, some, self.policy, self._longest)
        situations = {key: found.situation for key, found in some.items()}
        arms = await experimenting.arms_of(tx, {each.notification.customer_id for each in situations.values()}, self.policy)
        ttls = {name: route.channel.ttl for name, route in self.routes.items()}
        permissions = await permitting.of(tx, list(situations.values()), self.policy, self.write)
        return {
            key: Found(
                replace(
                    each,
                    recent=told[key].recent,
                    last_told=told[key].last,
                    arms=arms.get(each.notification.customer_id),
                    permission=permissions[each.notification.id],
                    ttls=ttls,
                ),
                told[key].earlier,
            )
            for key, each in situations.items()
        }

    async def _write_down(self, tx: Tx, decided: Round) -> None:
        await timers.renew(tx, [due for due, (_, at) in decided.sends.items() if at - due.now > SPENT], LEASE)
        await deliveries.begin_sending(tx, list(decided.sends.values()))
        await deliveries.joined(tx, decided.joined)
        await deliveries.hold(tx, {due.ref: held for due, held in decided.holds.items()})
        await timers.again(tx, decided.later | {due: held.until for due, held in decided.holds.items()})
        await deliveries.suppress(tx, {due.ref: suppressed for due, (_, suppressed) in decided.suppressed.items()})
        await deliveries.settle(tx, {due.ref: settled for due, (_, _, settled) in decided.expired.items()})
        await timers.settle(tx, [*decided.suppressed, *decided.expired])
        await say(tx, *_facts(decided))
        untold = [found.situation.notification for found, _ in decided.suppressed.values()]
        lapsed = [(notification, settled.told) for notification, _, settled in decided.expired.values()]
        ended = [*untold, *(each for each, _ in lapsed)]
        await ledger.part_from(tx, {each.id for each in ended if each.begun})
        owed = [*((each, each.sent_at is not None) for each in untold), *lapsed]
        await give_ends(tx, [each for each, told in owed if may_be_owed(each, told=told)])


def _one_of_each(left: Mapping[Due, Found]) -> dict[Due, Found]:
    """Returns the first of each customer: what they get counts when the next is decided."""
    first: dict[str, Due] = {}
    for due, found in left.items():
        first.setdefault(found.situation.notification.customer_id, due)
    return {due: left[due] for due in first.values()}


async def _again_if_overtaken(tx: Tx, decided: Round, of: Mapping[Due, Situation]) -> None:
    """Has decided anew at once what hung on an incident of which a newer fact came meanwhile. If none did, the next finds it written."""
    objections: dict[Due, Hold | Suppressed] = {**decided.holds, **{due: suppressed for due, (_, suppressed) in decided.suppressed.items()}}
    waits = {due: incident for due, each in objections.items() if each.awaits_incident and (incident := of[due].incident)}
    now = await incidents.lock_incidents(tx, {incident.id for incident in waits.values()})
    for due, incident in waits.items():
        if (known := now.get(incident.id)) and (known.revision, known.status) != (incident.revision, incident.status):
            decided.holds.pop(due, None)
            decided.suppressed.pop(due, None)
            decided.later[due] = of[due].now


def _arms(decided: Round) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yields the customers of whom nothing but an experiment decided whether they are told, with the figures."""
    for sending, _ in decided.sends.values():
        yield from ((each.notification.customer_id, each.why) for each in sending.all)
    for found, suppressed in decided.suppressed.values():
        yield found.situation.notification.customer_id, suppressed.why


def _facts(decided: Round) -> Iterable[Fact]:
    for found, suppressed in decided.suppressed.values():
        yield facts.suppressed(found.situation.notification, suppressed, found.situation.now)
    for notification, channel, settled in decided.expired.values():
        yield facts.failed(notification, channel, settled.attempt)


def _count(decided: Round) -> None:
    for experiment, arm in decided.entered:
        metrics.EXPERIMENT_ENTERED.labels(experiment, arm).inc()
    for held in decided.holds.values():
        count(None, held)
    for found, suppressed in decided.suppressed.values():
        count(found.situation.notification, suppressed)
    for notification, _, settled in decided.expired.values():
        count(notification, settled)
