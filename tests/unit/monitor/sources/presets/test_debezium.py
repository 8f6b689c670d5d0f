"""Change events, as Debezium's documentation shows them, are read with and without their schema; one change is one event."""

from pathlib import Path
from typing import Any

import pytest

from shared.mapping.turning import Refused
from tests.unit.monitor.sources.writing import read, source

CUSTOMERS = """
    sources:
      - topic: inventory.customers
        format: debezium
        events:
          - type: com.example.customer.{kind}
            when: {op: {ops}}
            subject: ["{after.id}", "{before.id}"]
            data: {mail: "{after.email}", was: "{before.email}", table: "{source.table}"}
"""
SCHEMA = {"type": "struct", "fields": [{"type": "string", "optional": False, "field": "op"}], "name": "server.inventory.customers.Envelope"}
ANNE = {"id": 1, "first_name": "Anne", "last_name": "Kretchmar", "email": "annek@noanswer.org"}
POSTGRES = {
    "version": "3.3.1.Final",
    "connector": "postgresql",
    "name": "PostgreSQL_server",
    "ts_ms": 1559033904863,
    "snapshot": False,
    "db": "postgres",
    "sequence": '["24023119","24023128"]',
    "schema": "public",
    "table": "customers",
    "txId": 555,
    "lsn": 24023128,
    "xmin": None,
}
MYSQL = {
    "version": "3.3.1.Final",
    "connector": "mysql",
    "name": "mysql-server-1",
    "ts_ms": 1465581029100,
    "snapshot": "false",
    "db": "inventory",
    "table": "customers",
    "server_id": 223344,
    "gtid": None,
    "file": "mysql-bin.000003",
    "pos": 484,
    "row": 0,
    "thread": 7,
}
SQLSERVER = {
    "connector": "sqlserver",
    "name": "server1",
    "ts_ms": 1559729468470,
    "snapshot": False,
    "db": "testDB",
    "schema": "dbo",
    "table": "customers",
    "change_lsn": "00000027:00000758:0003",
    "commit_lsn": "00000027:00000758:0005",
    "event_serial_no": "1",
}


def change(op: str = "c", of: dict[str, Any] = POSTGRES, *, before: Any = None, after: Any = ANNE, **more: Any) -> dict[str, Any]:
    return {"before": before, "after": after, "source": of, "op": op, "ts_ms": 1559033904900, **more}


def events(folder: Path, said: Any, ops: str = "[c, u, d, r]", **record: Any) -> list[dict[str, Any] | Refused]:
    text = CUSTOMERS.replace("{kind}", "changed").replace("{ops}", ops)
    return read(source(folder, text), said, topic="inventory.customers", **record)


def event(folder: Path, said: Any, **record: Any) -> dict[str, Any]:
    [one] = events(folder, said, **record)
    assert isinstance(one, dict), one
    return one


@pytest.mark.parametrize("of", [POSTGRES, MYSQL, SQLSERVER], ids=lambda of: str(of["connector"]))
def test_a_change_is_read_alike_with_and_without_its_schema(tmp_path: Path, of: dict[str, Any]) -> None:
    plain = event(tmp_path, change(of=of))
    assert event(tmp_path, {"schema": SCHEMA, "payload": change(of=of)}) == plain
    assert plain["subject"] == "1"
    assert plain["data"] == {"mail": "annek@noanswer.org", "table": "customers"}


def test_what_is_gone_stands_before(tmp_path: Path) -> None:
    gone = event(tmp_path, change("d", before=ANNE, after=None))
    assert (gone["subject"], gone["data"]) == ("1", {"was": "annek@noanswer.org", "table": "customers"})


def test_a_condition_chooses_what_was_done(tmp_path: Path) -> None:
    assert events(tmp_path, change("r"), ops="[c, u]") == []
    assert len(events(tmp_path, change("u", before=ANNE), ops="[c, u]")) == 1


@pytest.mark.parametrize("said", [{"schema": None, "payload": None}, {"schema": SCHEMA, "payload": None}])
def test_a_tombstone_within_a_schema_says_nothing(tmp_path: Path, said: Any) -> None:
    assert events(tmp_path, said) == []


def test_it_happened_when_the_database_says_so_else_when_it_was_read_and_else_when_it_was_written(tmp_path: Path) -> None:
    without = {name: held for name, held in POSTGRES.items() if name != "ts_ms"}
    assert event(tmp_path, change())["time"] == "2019-05-28T08:58:24.863000+00:00"
    assert event(tmp_path, change(of=without))["time"] == "2019-05-28T08:58:24.900000+00:00"
    assert event(tmp_path, change(of=without, ts_ms=None))["time"] == "2026-11-26T12:00:00+00:00"


@pytest.mark.parametrize("at", ["2019-05-28", 10**30, 1.5, True])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: Any) -> None:
    [refused] = events(tmp_path, change(of=POSTGRES | {"ts_ms": at}))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.where) == ("no_time", "the time that the format says")


@pytest.mark.parametrize("of", [POSTGRES, MYSQL, SQLSERVER], ids=lambda of: str(of["connector"]))
def test_a_change_that_a_restarted_connector_writes_again_is_the_same_event(tmp_path: Path, of: dict[str, Any]) -> None:
    again = of | {"version": "3.4.0.Final", "sequence": '["24029999","24023128"]'}
    first, second = event(tmp_path, change(of=of), offset=41), event(tmp_path, change(of=again, ts_ms=1559039999999), offset=977)
    assert (first["id"], first["source"]) == (second["id"], second["source"])


def test_rows_written_at_once_are_told_apart_and_so_are_two_changes_of_a_row(tmp_path: Path) -> None:
    said = [
        change(),
        change(after=ANNE | {"id": 2}),
        change(of=POSTGRES | {"lsn": 24023129}),
        change("u", before=ANNE),
        change(of=POSTGRES | {"table": "people"}),
    ]
    assert len({event(tmp_path, each)["id"] for each in said}) == len(said)


def test_a_row_of_a_further_snapshot_is_the_same_event_until_it_changes(tmp_path: Path) -> None:
    later = POSTGRES | {"snapshot": "last", "lsn": 99999999, "txId": 777, "ts_ms": 1559039999999}
    first = event(tmp_path, change("r"))
    assert event(tmp_path, change("r", later))["id"] == first["id"]
    assert event(tmp_path, change("r", later, after=ANNE | {"email": "anne@noanswer.org"}))["id"] != first["id"]


def test_a_change_of_a_database_whose_log_is_not_known_is_identified_by_its_place(tmp_path: Path) -> None:
    assert event(tmp_path, change(of=POSTGRES | {"connector": "vitess"}))["id"] == "3:41"
    assert event(tmp_path, change(of=POSTGRES | {"lsn": None, "txId": None}))["id"] == "3:41"


def test_a_table_that_has_a_column_called_payload_is_read(tmp_path: Path) -> None:
    assert event(tmp_path, change() | {"payload": {"op": "x"}})["data"]["mail"] == "annek@noanswer.org"
