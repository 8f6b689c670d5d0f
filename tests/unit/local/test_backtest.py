"""`forewarn backtest` says what rules would have done with events of a file or a topic, beside today's rules and the tickets."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from deploy.local.backtest.command import Plan, outcome_of
from deploy.local.backtest.report import LISTED, as_lines
from deploy.local.cli import app
from deploy.local.processes import Failed
from services.monitor.fold.partition import Account
from services.monitor.incidents.candidates import Standing
from services.monitor.incidents.found import Found, Touched
from services.monitor.incidents.suspecting import Suspected
from services.monitor.past.outcome import Outcome, as_object, without_customers
from services.monitor.past.pieces import Refusals
from services.monitor.past.tickets import AFTER, Compared, Ticket, compare
from shared.cloudevents import FACT_HEADERS, write_event, write_fact
from shared.connecting.brokers import Brokers
from shared.events import CustomerUpdated, TicketOpened, Topic
from tests.builders import NOON
from tests.unit.monitor.builders import EAGER, START
from tests.unit.monitor.risk.test_health import risk
from tests.unit.monitor.test_backtest import outage

CALM = EAGER.replace("ratio: 0.05", "ratio: 0.99")
BAD = ["nonsense", '{"specversion": "1.0"}', ""]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder with rules of today that find nothing."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "rules.yml").write_text(CALM)
    (folder / "catalog.yml").write_text("components: {}\n")
    (tmp_path / "tried.yml").write_text(EAGER)
    return folder


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl.gz"
    file.write_bytes(gzip.compress(b"\n".join([*lines(), *(line.encode() for line in BAD)])))
    return file


def lines() -> Iterator[bytes]:
    """Yields a minute and a half with an outage of 20 s for 12 of 20 customers."""
    return map(write_event, outage(20, 40, 90))


def forewarn(config: Path, *args: str | Path) -> Result:
    said = ["backtest", "--rules", config.parent / "tried.yml", "--config", config, *args]
    return CliRunner().invoke(app, list(map(str, said)))


def test_a_file_is_told_by_rule_and_day_beside_todays_rules(config: Path, history: Path) -> None:
    result = forewarn(config, "--file", history)
    assert result.exit_code == 0, result.output
    told = result.stdout.splitlines()
    assert told[0].startswith("1,800 events, 2026-11-24 12:00:00 to 2026-11-24 12:01:29: 1,800 counted, 0 too late, 0 duplicates")
    assert told[1] == "2 are no events: 1 not_json, 1 not_cloudevent"
    assert "line 1801: not_json" in told[2]
    [row] = [line.split() for line in told if line.startswith("failing   ") and "2026-11-24" in line]
    assert row == ["failing", "2026-11-24", "1", "12", "24", "0", "0", "0"]
    assert "caps, consents" in result.output
    tried, today = (line.split()[-1] for line in told if " tried " in line or " today " in line)
    assert tried.count("#") > 20
    assert set(today) == {"."}
    assert told[told.index("only found now:") + 1].startswith("  failing of checkout: began 2026-11-24 12:00:20, found ")
    assert "tickets" not in told[-1], "a file has none"


def test_json_is_one_object_with_every_customer_and_the_evidence(config: Path, history: Path) -> None:
    told = json.loads(forewarn(config, "--file", history, "--json").stdout)
    assert told["history"]["refused"] == {"not_json": 1, "not_cloudevent": 1}
    assert told["days"] == [{"rule": "failing", "day": "2026-11-24", "incidents": 1, "customers": 12, "messages": 24}]
    [incident] = told["incidents"]
    assert (incident["status"], incident["started_at"]) == ("resolved", "2026-11-24T12:00:20+00:00")
    assert incident["customers"][0] == {
        "customer_id": "c-0",
        "first_seen_at": "2026-11-24T12:00:20+00:00",
        "last_seen_at": "2026-11-24T12:00:39+00:00",
        "count": 20,
    }
    assert told["today"] == {"days": [], "incidents": [], "risks": [], "candidates": []}
    assert told["difference"] == {"both": [], "only_today": [], "only_tried": [incident["id"]]}
    assert told["tickets"] is None


def test_todays_own_rules_have_nothing_to_be_compared_with(config: Path, history: Path) -> None:
    (config / "rules.yml").write_text(EAGER)
    result = forewarn(config, "--file", history)
    assert "today" not in result.output
    assert "\nincidents:\n  failing of checkout: began" in result.output


def test_standard_input_is_read_to_its_end(config: Path, tmp_path: Path) -> None:
    # a process of its own, since standard input is read by its number
    command = [sys.executable, "-m", "deploy.local.cli", "backtest", "--rules", str(tmp_path / "tried.yml"), "--config", str(config)]
    command += ["--file", "-", "--json"]
    done = subprocess.run(command, input=b"\n".join(lines()), capture_output=True, check=True)
    assert len(json.loads(done.stdout)["incidents"]) == 1


def test_only_what_happened_since_then_is_looked_at(config: Path, history: Path) -> None:
    told = json.loads(forewarn(config, "--file", history, "--since", "1s", "--json").stdout)
    assert told["history"]["events"]["read"] == 0
    assert told["incidents"] == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--file", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--file", "nowhere.jsonl", "--since", "soon"], "a duration like 7d"),
        (["--file", "nowhere.jsonl", "--rules", "no-rules.yml"], "no-rules.yml"),
    ],
)
def test_what_is_wrong_is_said(config: Path, args: list[str], said: str) -> None:
    result = forewarn(config, *args)
    assert result.exit_code != 0
    assert said in result.output


def test_a_mistake_in_the_rules_is_said_with_file_and_line(config: Path, history: Path) -> None:
    tried = config.parent / "tried.yml"
    tried.write_text(EAGER.replace("window: 15s", "window: 1s"))
    result = forewarn(config, "--file", history)
    assert result.exit_code == 1
    assert f"{tried}:6: rules.0.window" in result.output


# ── a topic ──────────────────────────────────────────────────────────────────────────────────


async def test_a_topic_is_read_in_the_order_in_which_its_records_came_and_beside_it_the_tickets(kafka: str, config: Path) -> None:
    brokers = Brokers(kafka, prefix="acme.")
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    came = int(NOON.timestamp() * 1000)
    for number, line in enumerate(lines()):
        key, stamp = f"c-{number % 20}".encode(), came + number * 50
        await producer.send("acme." + Topic.PRODUCT_EVENTS, line, key=key, timestamp_ms=stamp)
    await producer.send("acme." + Topic.PRODUCT_EVENTS, b"nonsense", key=b"c-1", timestamp_ms=came)
    for customer, component in (("c-1", "checkout"), ("c-2", None), ("c-19", "checkout"), ("c-18", "search")):
        for _ in range(2):  # a relay that was killed says again what it has said
            fact = ticket(customer, component)
            await producer.send("acme." + Topic.TICKETS, write_fact(fact), key=b"t", headers=list(FACT_HEADERS))
    await producer.stop()
    outcome = await outcome_of(brokers, Plan(config.parent / "tried.yml", config))
    assert outcome.account.read == 1800
    assert outcome.account.late == 0
    assert outcome.refusals.reasons == {"not_json": 1}
    [found] = outcome.found
    assert found.customers.keys() == {f"c-{number}" for number in range(12)}
    assert outcome.tickets == Compared(tickets=4, touched=12, wrote=2, incidents=1, borne_out=1, about=2, missed=1)
    assert "  precision: 100% (1 of 1 incidents, about which a customer whom they touch wrote)" in as_lines(outcome)
    assert as_object(outcome)["tickets"]["precision"] == 1.0
    kept = without_customers(outcome)
    assert [each["customers"] for each in kept["incidents"]] == [12]
    [rule] = kept["by_rule"]
    assert (rule["rule"], rule["customers"], rule["messages"], rule["borne_out"], rule["precision"]) == ("failing", 12, 24, 1, 1.0)
    assert (rule["missed"], rule["today"], kept["difference"]) == (
        1,
        {"incidents": 0, "customers": 0, "messages": 0},
        {
            "both": 0,
            "only_today": 0,
            "only_tried": 1,
        },
    )
    assert '"c-1' not in json.dumps(kept), "what is kept names no customer"


async def test_of_a_topic_tickets_of_before_and_the_latest_of_customers_are_known(kafka: str, config: Path) -> None:
    (config.parent / "tried.yml").write_text(EAGER + SURGE)
    brokers = Brokers(kafka, prefix="shop.")
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    for number, line in enumerate(lines()):
        key, came = f"c-{number % 20}".encode(), int(START * 1000) + number * 50
        await producer.send("shop." + Topic.PRODUCT_EVENTS, line, key=key, timestamp_ms=came)
    for fact in complaints():
        await producer.send("shop." + Topic.TICKETS, write_fact(fact), key=b"t", headers=list(FACT_HEADERS))
    later = CustomerUpdated.of(CustomerUpdated.Data(renews_at=NOON.date()), subject="c-1", at=NOON + timedelta(days=1))
    await producer.send("shop." + Topic.CUSTOMERS, write_fact(later), key=b"c-1", headers=list(FACT_HEADERS))
    await producer.stop()
    outcome = await outcome_of(brokers, Plan(config.parent / "tried.yml", config))
    [found] = outcome.found
    assert [(each.status, each.merged_into) for each in outcome.candidates] == [("merged", found.id)]
    assert [each.customer_id for each in outcome.risks if each.rule == "renews"] == ["c-1"]


async def test_a_topic_that_is_not_there_is_said_so(kafka: str, config: Path) -> None:
    with pytest.raises(Failed, match=r"acme\.nowhere\.v1"):
        await outcome_of(Brokers(kafka, prefix="acme."), Plan(config.parent / "tried.yml", config, topic="nowhere.v1"))


def ticket(customer: str, component: str | None) -> TicketOpened:
    data = TicketOpened.Data(
        ticket_id=f"t-{customer}",
        number=1,
        customer_id=customer,
        channel="form",
        subject="Cannot pay",
        component=component,
        priority="normal",
        opened_at=NOON + timedelta(seconds=60),
    )
    return TicketOpened.of(data, subject=f"t-{customer}", at=NOON)


def test_of_many_incidents_the_first_are_listed() -> None:
    account, found = Account(read=1, counted=1), [FOUND] * (LISTED + 2)
    told = list(as_lines(Outcome("draft.yml", START, START + 60, account, Refusals(), found, None, None, None)))
    assert sum(line.startswith("  failing of checkout") for line in told) == LISTED
    assert "  and 2 more; --json has all" in told


def test_a_history_out_of_order_is_said_to_be_one() -> None:
    account = Account(read=100, counted=100, late=2)
    told = list(as_lines(Outcome("draft.yml", START, START + 60, account, Refusals(), [], None, None, None)))
    assert told[1].startswith("Many events are too late")
    assert "no incident" in told


# ── complaints and renewals ──────────────────────────────────────────────────────────────────

SURGE = """
  - {id: complaints, detector: surge, title: "{component}", window: 5m, usual: 0.01, open: {customers: 4, chance: 0.01}}
  - {id: less, detector: streak, title: less, events: [com.example.request], bad: {data.ok: false}, failures: 3, window: 10m}
  - {id: renews, detector: renewal, title: renews, before: 30d, falling: [less]}
"""


def complaints(component: str = "checkout") -> Iterator[TicketOpened]:
    """Yields what five customers write at the beginning of the outage, within seconds."""
    for number in range(5):
        told = ticket(f"w-{number}", component)
        at = NOON + timedelta(seconds=15 + number)
        yield told.model_copy(
            update={"data": told.data.model_copy(update={"ticket_id": f"{component}-{number}", "opened_at": at}), "time": at}
        )


def test_a_file_may_hold_tickets_and_customers_beside_events(config: Path, tmp_path: Path) -> None:
    (tmp_path / "tried.yml").write_text(EAGER + SURGE)
    renewal = CustomerUpdated.of(CustomerUpdated.Data(renews_at=NOON.date()), subject="c-1", at=NOON)
    said = [*map(write_fact, complaints()), *map(write_fact, complaints("search")), write_fact(renewal)]
    (tmp_path / "events.jsonl").write_bytes(b"\n".join([*said, *lines(), b'{"type": "forewarn.ticket.opened.v1"}']))
    told = json.loads(forewarn(config, "--file", tmp_path / "events.jsonl", "--json").stdout)
    # complaints make candidates: the incident of the one component takes its own in, the other waits for a person
    [incident] = told["incidents"]
    found = {each["component"]: (each["status"], each["merged_into"], each["customers"]) for each in told["candidates"]}
    assert found == {"checkout": ("merged", incident["id"], 5), "search": ("candidate", None, 5)}
    assert incident["why"]["half_evidence"] is True
    assert {f"w-{number}" for number in range(5)} < {each["customer_id"] for each in incident["customers"]}
    assert told["today"]["candidates"] == []
    # whoever renews soon is at risk while their use falls
    assert [(each["customer_id"], each["score"]) for each in told["risks"] if each["rule"] == "renews"] == [("c-1", 0.5)]
    # and what was found stands beside the tickets
    assert (told["tickets"]["tickets"], told["tickets"]["about"], told["tickets"]["missed"]) == (10, 5, 5)  # they wrote before it began
    assert told["history"]["events"]["read"] == 1800
    assert told["history"]["refused"] == {"not_cloudevent": 1}
    lines_ = forewarn(config, "--file", tmp_path / "events.jsonl").stdout
    assert "candidates, which tell nobody until a person approves them: 2; by today's rules 0" in lines_
    assert "  complaints of search: 5 customers wrote since 2026-11-24 12:00:15, waits" in lines_


def test_of_candidates_is_kept_how_many_there_were() -> None:
    found = [Suspected(f"s-{number}", "complaints", "checkout", START, START, START, 5, {}) for number in range(3)]
    found[0].status, found[1].status = Standing.MERGED, Standing.WITHDRAWN
    outcome = Outcome("draft", 0, 0, Account(), Refusals(), [], [], None, None, candidates=found, candidates_today=found[:1])
    kept = without_customers(outcome)
    assert kept["candidates"] == [{"rule": "complaints", "found": 3, "merged": 1, "withdrawn": 1}]
    assert kept["today"]["candidates"] == [{"rule": "complaints", "found": 1, "merged": 1, "withdrawn": 0}]


# ── tickets ──────────────────────────────────────────────────────────────────────────────────

FOUND = Found("i", "failing", "checkout", START, START + 5, {}, START + 60, {name: Touched(START, START, 2) for name in ("a", "b")})


@pytest.mark.parametrize(
    ("tickets", "wrote", "missed"),
    [
        ([Ticket("a", "checkout", START)], 1, 0),
        ([Ticket("a", None, START + 60 + AFTER)], 1, 0),
        ([Ticket("a", "checkout", START + 61 + AFTER)], 0, 1),
        ([Ticket("a", "checkout", START - 1)], 0, 1),
        ([Ticket("a", "search", START)], 0, 0),
        ([Ticket("x", "checkout", START)], 0, 1),
        ([Ticket("a", "checkout", START), Ticket("a", "checkout", START + 9), Ticket("b", "checkout", START)], 2, 0),
    ],
)
def test_a_ticket_is_about_an_incident_of_its_customer_and_component_until_a_day_later(
    tickets: list[Ticket], wrote: int, missed: int
) -> None:
    told = compare([FOUND], tickets, frozenset({"checkout"}))
    assert (told.wrote, told.missed, told.borne_out) == (wrote, missed, min(wrote, 1))


def test_what_is_still_open_may_be_written_about_for_ever_and_nothing_found_has_no_precision() -> None:
    still = Found("i", "failing", "checkout", START, START + 5, {}, None, dict(FOUND.customers))
    assert compare([still], [Ticket("a", "checkout", START + 9 * AFTER)], frozenset()).wrote == 1
    assert compare([], [], frozenset()).precision is None


def test_risks_are_counted_for_people_and_what_is_kept_of_them_names_nobody() -> None:
    risks = [risk("pays", 1.0), risk("pays", 1.0, id_="another", reason="recovered")]
    outcome = Outcome("draft", 0, 0, Account(), Refusals(), [], [], None, None, risks, [])
    assert "  pays: 2 raised, of 1 customers, 1 still open; by today's rules 0 raised, of 0 customers, 0 still open" in as_lines(outcome)
    assert [each["customer_id"] for each in as_object(outcome)["risks"]] == ["c-1", "c-1"]
    assert without_customers(outcome)["risks"] == [{"rule": "pays", "raised": 2, "customers": 1, "open": 1}]
    assert "c-1" not in json.dumps(without_customers(outcome))


def test_maintenance_of_a_file_mutes_what_the_rules_find(config: Path, history: Path, tmp_path: Path) -> None:
    file = tmp_path / "maintenance.yml"
    file.write_text("maintenance:\n  - {starts_at: 2026-11-24T12:00:00Z, ends_at: 2026-11-24T12:30:00Z, components: [checkout]}\n")
    told = forewarn(config, "--file", history, "--maintenance", file)
    assert told.exit_code == 0, told.output
    assert "no incident" in told.stdout
    assert "failing of checkout: began 2026-11-24 12:00:20, muted by maintenance maintenance 1" in told.stdout
    [muted] = json.loads(forewarn(config, "--file", history, "--maintenance", file, "--json").stdout)["muted"]
    assert (muted["by"], muted["rule"], muted["component"]) == ("maintenance", "failing", "checkout")
    # a mistake is told with its line, and beside a topic there is no such file
    file.write_text("maintenance:\n  - {starts_at: 2026-11-24T12:00:00Z, ends_at: 2026-11-24T12:30:00Z, zone: Europe/Atlantis}\n")
    refused = forewarn(config, "--file", history, "--maintenance", file)
    assert (refused.exit_code, "maintenance.yml:2" in refused.output) == (1, True), refused.output
    assert forewarn(config, "--maintenance", file).exit_code == 2
