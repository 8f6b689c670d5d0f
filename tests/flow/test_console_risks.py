"""The page of risks: the customers at risk, the worst first, and why; those that are over; and an agent who knows better."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin

from services.console.acting.acts import Owner
from services.console.hearing.risks import on_risks
from services.console.sessions.roles import Role
from shared.events import Fact, RiskActed, RiskAction, RiskCleared, RiskRaised, case_id
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import NOW, there_is
from tests.flow.console_screen import Screen, screen

FORM = {"form_id": "form-0001", "note": "They pay by invoice."}
EVIDENCE = "3 failures in a row (com.example.payment) between 12:00 and 12:20"


def raised(customer: str, score: float, rule: str = "payment-declined") -> RiskRaised:
    said = RiskRaised.Data(
        customer_id=customer,
        rule=rule,
        title="Payments keep failing",
        score=score,
        contributions={"failures in a row": score},
        evidence=(EVIDENCE,),
        action=RiskAction(kind="article", url="https://shop.example.org/pay"),
        risk_id=f"k-{customer}",
    )
    return RiskRaised.of(said, subject=customer, at=NOW - timedelta(hours=1), unique=rule)


def acted(customer: str, status: str = "asked", answer: str = "", kind: str = "article", risk: str | None = None) -> RiskActed:
    action = RiskAction.model_validate({"kind": kind})
    said = RiskActed.Data(
        risk_id=risk or f"k-{customer}", customer_id=customer, rule="payment-declined", status=status, action=action, answer=answer
    )
    return RiskActed.of(said, subject=customer, at=NOW - timedelta(minutes=30), unique="payment-declined")


def by_rule(kind: str, customer: str, *, shadow: bool = False) -> RiskRaised:
    """Returns the fact of a risk whose rule asks for this."""
    fact = raised(customer, 0.5)
    about = {"action": RiskAction.model_validate({"kind": kind}), "shadow": shadow}
    return fact.model_copy(update={"data": fact.data.model_copy(update=about)})


def cleared(customer: str, reason: str, by: str | None = None) -> RiskCleared:
    said = RiskCleared.Data(customer_id=customer, rule="payment-declined", reason=reason, by=by, risk_id=f"k-{customer}")
    return RiskCleared.of(said, subject=customer, at=NOW, unique="payment-declined")


async def tell(on: Screen, *facts: Fact) -> None:
    """Has the console hear these facts."""
    async with on.database.transaction() as tx:
        await on_risks(tx, facts)


def named(text: str, part: str) -> list[str]:
    """Returns the customers of one part of the page, in their order."""
    [section] = re.findall(rf'data-region="{part}".*?</section>', text, re.DOTALL)
    return re.findall(r'href="/customers/([^"]+)"', section)


async def page(on: Screen, role: Role = Role.AGENT) -> str:
    async with on.seen_by(role) as browser:
        answer = await browser.get("/risks")
    assert answer.status_code == 200
    return answer.text


async def test_customers_at_risk_are_listed_the_worst_first_with_what_the_facts_say(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await tell(on, raised("c-1", 0.5), raised("c-2", 0.9), raised("c-3", 0.7))
        await tell(on, cleared("c-3", "recovered"), raised("c-4", 0.6), cleared("c-4", "person", "bob"))
        text = await page(on)
    assert (named(text, "risks"), set(named(text, "over"))) == (["c-2", "c-1"], {"c-3", "c-4"})
    for words in (EVIDENCE, "Payments keep failing", "0.9 failures in a row", "send an article", "https://shop.example.org/pay"):
        assert words in text, words
    assert "it went well" in text
    assert "cleared by bob" in text


async def test_what_became_of_an_action_is_shown_and_that_a_rule_is_on_trial(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await tell(on, raised("c-1", 0.5), by_rule("case", "c-2"), by_rule("webhook", "c-3"), by_rule("webhook", "c-4"))
        await tell(on, by_rule("help", "c-5", shadow=True), by_rule("case", "c-6"), by_rule("help", "c-7"))
        await tell(on, acted("c-1"), acted("c-2", kind="case"), acted("c-3", "failed", "HTTP 500"), acted("c-4", "answered", "charged"))
        await tell(on, acted("c-6", kind="case", risk="k-another"), acted("c-7", "a status of a later version"), cleared("c-4", "webhook"))
        await tell(on, acted("c-3", "answered", "late"))  # said again otherwise: the first is final
        text = await page(on)
        stands = await on.rows("SELECT customer_id, action_status, shadow FROM risks ORDER BY customer_id")
    for words in (
        "sent, if the customer may be told",
        "it has failed for good: HTTP 500",
        "it has answered: charged",
        "a status of a later version",
    ):
        assert words in text, words
    assert (text.count("a case is open"), text.count("on trial: nothing is done")) == (1, 1)
    statuses = ["asked", "asked", "failed", "answered", None, None, "a status of a later version"]
    assert [row["action_status"] for row in stands] == statuses
    assert [row["customer_id"] for row in stands if row["shadow"]] == ["c-5"]


async def test_the_case_of_a_risk_is_named_by_its_number_once_it_is_heard_of(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await tell(on, by_rule("case", "c-2"), acted("c-2", kind="case"))
        [risk] = await on.rows("SELECT risk_id FROM risks")
        assert "a case is open" in await page(on)
        await there_is(on, "tickets", id=case_id(risk["risk_id"]), number=1042)
        assert 'its case is <a href="/tickets/1042">#1042</a>' in await page(on)


async def test_a_page_follows_the_other_without_gap_or_repetition(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        for number in range(101):
            await there_is(on, "risks", customer_id=f"c {number}", score=number // 30 / 10)
        seen, url = list[str](), "/risks"
        while url:
            text = (await browser.get(url)).text
            seen += named(text, "risks")
            after = re.search(r'rel="next"[^>]*href="([^"]+)"', text)
            url = urljoin("/risks", unescape(after[1])) if after else ""
        refused = await browser.get("/risks?cursor=bm9uZSBy")
    assert len(seen) == len(set(seen)) == 101
    assert refused.status_code == 422


async def test_a_viewer_sees_no_evidence_and_clears_nothing(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on:
        await tell(on, raised("c-1", 0.5))
        text = await page(on, Role.VIEWER)
        async with on.seen_by(Role.VIEWER) as browser:
            refused = await browser.post("/risks/k-c-1/clear", data=FORM)
    assert EVIDENCE not in text
    assert "Clear this risk" not in text
    assert refused.status_code == 403


async def test_an_agent_clears_a_risk_at_monitor_once(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = {"id": "k-c-1", "rule": "payment-declined", "reason": "person", "note": "They pay by invoice."}
    async with screen(fresh_database) as on, on.seen_by(Role.AGENT) as browser:
        owner.asked_by(on, Owner.MONITOR)
        await tell(on, raised("c-1", 0.5))
        assert "Clear this risk" in (await browser.get("/risks")).text
        answers = [(await browser.post("/risks/k-c-1/clear", data=FORM)).status_code for _ in range(2)]
        acts = await on.rows("SELECT act, subject, outcome, after FROM audit ORDER BY id")
    assert answers == [303, 303]
    assert [(each["path"], each["body"]) for each in owner.asked] == [("/v1/risks/k-c-1/clear", {"note": "They pay by invoice."})]
    after = {"rule": "payment-declined", "reason": "person"}
    assert acts == [{"act": "risk.clear", "subject": "risk:k-c-1", "outcome": "done", "after": after}]


async def test_what_monitor_refuses_is_shown_beside_the_list(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.AGENT) as browser:
        await tell(on, raised("c-1", 0.5))
        answer = await browser.post("/risks/k-c-1/clear", data=FORM)
    assert answer.status_code == 503
    assert named(answer.text, "risks") == ["c-1"]
