"""A name is known to be a customer's: what came under it goes over to the customer, and what comes is counted as the customer's.

Each name's home partition knows where the name leads, so a process remembers its share of the names. What was counted under a name
before it was known is taken out of its partition, and is a row of `fold_moves` until the owner of the customer's partition takes it in.
All of that is part of a checkpoint.
"""

import logging
from collections.abc import Collection, Mapping, Sequence

from services.monitor import metrics
from services.monitor.aliases.claims import By, Claim, is_name
from services.monitor.aliases.edges import Edges
from services.monitor.aliases.linking import Outcome, link, release
from services.monitor.fold.keying import home_of
from services.monitor.fold.moving import let_go, take_in
from services.monitor.fold.partition import Partition
from services.monitor.store import aliases as store
from services.monitor.store.aliases import Edge, Move
from shared.erasing import erased_at
from shared.events import CustomerUpdated
from shared.postgres import Tx

log = logging.getLogger(__name__)

AT_ONCE = 2000  # claims decided at once: some 20 ms of CPU


class Names:
    """The names that this process has to know, and what of them is under way."""

    def __init__(self, limit: int) -> None:
        """`limit`: how many names are remembered."""
        self.edges = Edges(limit)
        self.looks = False  # whether others may have learnt names, or sent something
        self._limit, self._version, self._of_topic = limit, 0, 1
        self._unsettled: Sequence[Edge] = []  # edges of which something may be counted under the name

    async def load(self, tx: Tx, partitions: Collection[int], of_topic: int) -> None:
        """Begins anew with what the table holds. `of_topic`: how many partitions the topic has."""
        self.edges, self._of_topic, self._version, self.looks = Edges(self._limit), of_topic, 0, True
        ours: list[Edge] = []
        async for edge, version in store.latest(tx, self._limit * -(-of_topic // max(len(partitions), 1))):
            self._version = max(self._version, version)
            if self._is_ours(edge, partitions):
                ours.append(edge)
        self._unsettled = self._follow(ours[::-1])

    def _is_ours(self, edge: Edge, partitions: Collection[int]) -> bool:
        """Says whether the name is at home in these partitions."""
        return home_of(edge.alias.encode(), self._of_topic) in partitions

    def _follow(self, edges: Sequence[Edge]) -> Sequence[Edge]:
        for edge in edges:
            self.edges.put(*edge)
        return edges

    async def settle(self, tx: Tx, partitions: Mapping[int, Partition]) -> dict[str, str]:
        """Learns what events said of names since the last checkpoint, and what others learnt; brings over what was counted under them.

        Returns their open risks: each one's id, and the name.
        """
        claims = [claim for partition in partitions.values() for claim in partition.claims]
        for partition in partitions.values():
            partition.claims = []
        if not claims and not self.looks:
            return {}
        await learn(tx, claims)
        new, self._version = await store.newer(tx, self._version)
        ours = [edge for edge in new if self._is_ours(edge, partitions)]
        unsettled, self._unsettled = [*self._unsettled, *self._follow(ours)], []
        risks = await self._send_off(tx, partitions, unsettled)
        for number, customer, belongings in await store.take_moves(tx, partitions):
            take_in(partitions[number], customer, belongings)
        self.looks = False
        metrics.ALIASES.set(len(self.edges.of))
        return risks

    async def _send_off(self, tx: Tx, partitions: Mapping[int, Partition], edges: Sequence[Edge]) -> dict[str, str]:
        """Sends what is counted under these names to where they lead; returns the names' open risks."""
        leads_to = {edge.alias: edge.leads_to for edge in edges if edge.leads_to != edge.alias}
        moves = [
            Move(home_of(customer.encode(), self._of_topic), alias, customer, belongings)
            for partition in partitions.values()
            for alias, belongings in (let_go(partition, leads_to.keys()).items() if leads_to else ())
            for customer in (leads_to[alias],)
        ]
        return await store.send_off(tx, moves)


async def learn(tx: Tx, claims: Sequence[Claim]) -> None:
    """Stores what follows from these claims. One that is older than its customer's erasure, or the name's, is left out."""
    latest = {(each.alias, each.customer): each for each in sorted(claims, key=lambda each: each.said_at)}
    for begin in range(0, len(latest), AT_ONCE):
        await _learn(tx, list(latest.values())[begin : begin + AT_ONCE])


async def _learn(tx: Tx, claims: Sequence[Claim]) -> None:
    known = await store.claimed(tx, {each.alias for each in claims})
    if not link(known, claims).changed:  # mostly: a person who comes again says it again
        metrics.ALIAS_CLAIMS.labels(Outcome.KNOWN).inc(len(claims))
        return
    names = {name for each in claims for name in (each.alias, each.customer)}
    erased = {name: at.timestamp() for name, at in (await erased_at(tx, names)).items()}
    claims = [each for each in claims if each.said_at > max(erased.get(each.alias, 0.0), erased.get(each.customer, 0.0))]
    await tx.execute(store.queries.lock_aliases)
    decided = link(await store.around(tx, names), claims)
    await store.keep(tx, decided.changed.values(), decided.displaced)
    for outcome, count in decided.outcomes.items():
        metrics.ALIAS_CLAIMS.labels(outcome).inc(count)
    if moved := decided.outcomes[Outcome.MOVED]:
        log.warning("%d names are another customer's now: two customers claimed each, and the later claim counts", moved)


async def learn_of_customers(tx: Tx, facts: Sequence[CustomerUpdated]) -> None:
    """Learns the names that the facts give their customers. A name that was given before, and is left out now, is nobody's any more."""
    latest = {fact.subject: fact for fact in sorted(facts, key=lambda fact: fact.time)}
    claims = [
        Claim(alias, fact.subject, fact.time.timestamp(), By.CUSTOMERS)
        for fact in latest.values()
        for alias in fact.data.aliases
        if alias != fact.subject and is_name(alias)
    ]
    await learn(tx, claims)
    gone = {
        each.alias: said.time.timestamp()
        for each in await store.named_by_customers(tx, latest)
        for said in (latest[each.named],)
        if each.alias not in said.data.aliases and each.said_at < said.time.timestamp()
    }
    if gone:
        await tx.execute(store.queries.lock_aliases)
        await store.keep(tx, release(await store.around(tx, gone), gone))
