"""No table is forgotten: each that can hold text is erased with its customer, or is known to hold nothing personal, and why."""

import re
from collections.abc import Sequence
from importlib import import_module

import asyncpg
import pytest

from deploy.services import NAMES
from shared.erasing import SHARED, Personal
from tests.conftest import connect

PERSONAL: dict[str, Sequence[Personal]] = {name: (*import_module(f"services.{name}.personal").PERSONAL, *SHARED) for name in NAMES}
MAY_HOLD_TEXT = ("text", "character varying", "json", "jsonb", "bytea", "ARRAY", "tsvector", "USER-DEFINED")

IDS = "ids of ours, made of what they name; none can be read back"
FREE = {  # unless PERSONAL names it
    # ── of every service ──
    "migrations": "names of files",
    "offsets": "names of streams and topics",
    "relays": "no text",
    "channels": "a prefix",
    "brakes": "reasons and places of records; their details name fields, and their sources systems",
    "due": IDS,
    "due_aside": f"{IDS}; classes of errors",
    "erasures": "digests, counts, and the names of PERSONAL",
    # ── monitor ──
    "fold_buckets": "of versions before 0003: emptied at the first checkpoint of this one",
    "fold_seen": "64-bit hashes of events' identities",
    "fold_cells": "counts by component",
    "fold_components": "names of components",
    "fold_erasures": "whom to forget: each row goes when it is done, and the erasure is pending until then",
    "series": "counts by component",
    "hook_alerts": "names of alerts and components, and the keys that other systems give them",
    "expected": "names of components and moments",
    "maintenance": "what operators announce to many, and who of them did",
    "maintenance_periods": "names of components and moments",
    "candidates": "what rules say of components, and who of ours dealt with it",
    "members": "what rules say of components",
    "muted": "what rules say of components; whom it touches is in no table",
    "reading": "moments and offsets",
    "sources": "names of topics and hooks, and counts",
    "source_reasons": "reasons of closed lists, names of fields, and the kinds of values in place of them",
    "rules_asked": "a number",
    "published_rules": "rules that operators wrote, and who published them",
    "backtests": "rules that operators wrote, and what they found, with customers as numbers",
    "heard": "ids of facts",
    # ── notifier ──
    "returned_mails": f"{IDS}; kinds of a closed list, and codes of mail servers",
    "channel_brakes": "counts by channel, and who of ours stopped it, why, and let it go on",
    "outcomes": "counts by channel, reason and minute",
    "switches": "names of rules and channels, and who of ours threw them",
    "autonomy": "names of rules, and who of ours moved them",
    "gates": "ids of incidents, names of rules, and words to many",
    "approvals": "ids, digests, and who of ours decided",
    "consent_log": "who of ours did what about rules and audiences, and counts; whom it touches is in no row",
    "corrections": "what operators tell to many, and who of them did",
    "turns": "ids of incidents, and counts",
    "notices": "what rules and operators say of incidents, rules and channels, and counts",
    # ── console ──
    "moments": "counts by incident and second",
    "ticket_counts": "counts by incident and person of ours",
    "deliveries": "counts by minute and outcome",
    "figures": "counts and times of many",
    "letters": "names of topics, reasons of a closed list, counts",
    "people": "people who work here, and what they sign in with",
    "sessions": "digests, and people who work here",
    "entry_links": "digests, and people who work here",
    "provider_attempts": "random figures, and addresses of pages, for a day at most",
    "sign_in_failures": "digests",
    "known_browsers": "digests, and people who work here",
    "changes": "keys of what changed, with ids of customers: each row goes after ten minutes",
    "viewing": "names of our own people, and ids of tickets: each row goes after a minute",
}
INCIDENTS = "what rules and operators say of an incident; whom it touches is in other tables"
FREE_IN = {
    ("monitor", "incidents"): INCIDENTS,
    ("notifier", "incidents"): INCIDENTS,
    ("ticketing", "incidents"): INCIDENTS,
    ("console", "incidents"): INCIDENTS,
}


def erased(held: Sequence[Personal]) -> set[str]:
    """Returns the tables of which something goes or is blanked."""
    statements = " ".join(f"{each.export} {each.erase if isinstance(each.erase, str) else ''}" for each in held)
    return set(re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO|USING)\s+(\w+)", statements))


async def tables_with_text(connection: asyncpg.Connection, schema: str) -> set[str]:
    query = "SELECT table_name FROM information_schema.columns WHERE table_schema = $1 AND data_type = ANY ($2::text[])"
    return {row["table_name"] for row in await connection.fetch(query, schema, MAY_HOLD_TEXT)}


@pytest.mark.parametrize("service", PERSONAL)
async def test_every_table_that_can_hold_text_is_erased_or_known_to_be_free_of_it(
    postgres: dict[str, str], template: str, service: str
) -> None:
    connection = await connect(postgres, template)
    try:
        tables = await tables_with_text(connection, service)
    finally:
        await connection.close()
    free = {table for table in tables if table in FREE or (service, table) in FREE_IN}
    new = tables - erased(PERSONAL[service]) - free
    assert not new, f"{new}: erase what it holds in services/{service}/personal.py, or say here why it holds nothing personal"


@pytest.mark.parametrize("service", PERSONAL)
def test_every_kind_of_data_has_a_name_of_its_own(service: str) -> None:
    names = [each.name for each in PERSONAL[service]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("service", PERSONAL)
async def test_every_statement_takes_a_customers_id_and_is_right(postgres: dict[str, str], template: str, service: str) -> None:
    connection = await connect(postgres, template)
    await connection.execute(f"SET search_path TO {service}")
    try:
        for each in PERSONAL[service]:
            for sql in filter(None, (each.export, each.erase if isinstance(each.erase, str) else "", each.pending)):
                parameters = (await connection.prepare(sql)).get_parameters()
                assert [parameter.name for parameter in parameters] == ["text"], (each.name, sql)
    finally:
        await connection.close()
