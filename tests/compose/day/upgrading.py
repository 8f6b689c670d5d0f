"""The operator installs Forewarn, has rules of their own, and takes a newer version; the own rules count on."""

from pathlib import Path

from shared.events import Topic
from tests.compose.day.handbook import Handbook, add, written
from tests.compose.day.today import ADDRESS, NAME, RUN, WHO, Day, Found
from tests.e2e.shop import until

UPLOAD = "org.acme.upload"
OWN_RULE = """
  - id: uploads-failing
    title: "{component} fails"
    severity: medium
    events: [org.acme.upload]
    component: data.component
    bad: {data.ok: false}
    window: 30s
    open: {ratio: 0.3, events: 6, customers: 2}
    resolve: {ratio: 0.1, calm: 10s}
    impact: {at_least: 2}
"""
OWN, SHIPPED = Path("config/rules.yml"), Path("deploy/config/rules.yml")
FINE = "/config/rules.yml: fine, your own, 3 rules"


async def install(operator: Handbook) -> None:
    """Installs Forewarn; all is healthy when it returns."""
    await operator.does("cp .env.example .env")
    await operator.does("docker compose --profile observability up --wait")


async def rules_of_their_own(operator: Handbook) -> None:
    """Copies the shipped file and adds a rule."""
    await operator.does("cp deploy/config/rules.yml config/")
    add(OWN, OWN_RULE)
    said = await operator.does(f"{RUN} check-config")
    assert FINE in said, said
    await operator.does("docker compose kill --signal HUP monitor")


async def newer_version(day: Day) -> Found:
    """Upgrades to a version that changes the shipped rules where the operator has added one; the own rule counts on."""
    await day.upstream.release(SHIPPED, OWN_RULE.replace("uploads-failing", "shipped-later"))
    own = written(OWN)
    await day.operator.does("deploy/backup ../backup-$(date +%F)")
    upgrade = "git pull && docker compose build && docker compose run --rm forewarn check-config && docker compose up --wait"
    said = await day.operator.does(upgrade)
    assert "shipped-later" in written(SHIPPED)
    assert written(OWN) == own
    assert FINE in said, said
    return {"pulled": day.upstream.released}


async def own_rule_counts(day: Day) -> Found:
    """Plays an outage that only the own rule sees, after the upgrade; one of the customers it touches has a name of their own."""
    data = {"name": NAME, "contacts": [{"channel": "email", "address": ADDRESS}], "consent": {"incident": True}}
    await day.shop.say(Topic.CUSTOMERS, "forewarn.customer.updated.v1", WHO, data)
    await day.shop.fail("uploads", type_=UPLOAD)
    await day.shop.told("opened", day.shop.customers - 1, seconds=90)
    await until(lambda: _told(day, ADDRESS), f"{WHO} is told", seconds=30)
    [incident] = await day.shop.items("monitor", "/v1/incidents")
    assert incident["rule"] == "uploads-failing", incident
    return {"told": day.shop.customers}


async def _told(day: Day, address: str) -> bool:
    return any(mail.to == address and NAME in mail.text for mail in await day.stack.mailbox.mails())
