"""The page of rules: those in force beside what they found, what becomes of them when the file is read anew, and a monitor that is away."""

import re

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import screen

IN_FORCE = {
    "version": "abc",
    "mistake": "",
    "rules": [{"id": "failing", "detector": "ratio", "version": "v-1"}, {"id": "quiet", "detector": "count", "version": "v-2"}],
}
INCIDENTS = """INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)
    SELECT 'i-' || n, rule, 'checkout', 'high', 'Checkout is failing', status, opened_at, opened_at, 0, opened_at FROM (VALUES
    (1, 'failing', 'open', clock() - interval '1 hour'), (2, 'failing', 'dismissed', clock() - interval '8 days'),
    (3, 'failing', 'resolved', clock() - interval '29 days'), (4, 'failing', 'resolved', clock() - interval '31 days'),
    (5, 'renamed', 'withdrawn', clock() - interval '2 days')) AS given (n, rule, status, opened_at)"""
COUNTED = "UPDATE incidents SET affected = 10, told = 9, wrote = 2"
FORM = {"form_id": "form-0001"}


def cells(text: str, rule: str) -> list[str]:
    """Returns what the row of one rule says, without the moment of its latest incident."""
    [row] = re.findall(rf'<tr>\s*<th scope="row">{rule}</th>(.*?)</tr>', text, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)][:-1]


async def test_rules_stand_beside_what_they_found_in_30_days(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = IN_FORCE
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        owner.asked_by(on, Owner.MONITOR)
        await on.run(INCIDENTS)
        await on.run(COUNTED)
        text = (await browser.get("/rules")).text
    assert cells(text, "failing") == ["ratio", "v-1", "1", "1", "3", "1", "30", "27", "6"]
    assert cells(text, "quiet") == ["count", "v-2", *"0000000"]
    assert text.index("No longer in force") < text.index(">renamed<")
    assert "Read rules.yml anew" not in text


async def test_a_monitor_that_is_away_is_said_so_and_what_is_known_is_shown(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        await on.run(INCIDENTS)
        answer = await browser.get("/rules")
    assert answer.status_code == 200
    assert "monitor does not answer" in answer.text
    assert cells(answer.text, "failing")[2:4] == ["1", "1"]


async def test_incidents_of_rules_on_trial_are_shown_as_shadows_and_counted_nowhere(fresh_database: Settings) -> None:
    owner = FakeOwner()
    shadow = {"id": "s-1", "rule": "draft", "component": "<b>pay</b>", "status": "open", "affected": 12, "ended_at": None}
    shadow |= {"opened_at": "2026-11-24T12:00:00Z", "shadow": True}
    owner.answer = IN_FORCE | {"items": [shadow, shadow | {"shadow": False}]}
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        owner.asked_by(on, Owner.MONITOR)
        text = (await browser.get("/rules")).text
    assert cells(text, "draft")[:3] == ["&lt;b&gt;pay&lt;/b&gt;", "open", "12"]
    assert "of which nobody was told" in text
    assert text.count(">draft<") == 1, "a monitor that does not know the question lists others, too"
    assert cells(text, "failing")[2:] == [*"0000000"]


async def test_a_lead_approves_or_dismisses_a_candidate_and_others_see_it(fresh_database: Settings) -> None:
    owner = FakeOwner()
    found = {"id": "k-1", "rule": "complaints", "component": "<b>pay</b>", "status": "candidate", "affected": 8, "why": {"expected": 0.4}}
    owner.answer = IN_FORCE | {
        "items": [found | {"opened_at": "2026-11-24T12:00:00Z"}, {"status": "candidate"}, found | {"status": "open"}]
    }
    async with screen(fresh_database) as on:
        owner.asked_by(on, Owner.MONITOR)
        async with on.seen_by(Role.AGENT) as browser:
            text = (await browser.get("/rules")).text
            assert (await browser.post("/candidates/k-1/approve", data=FORM | {"reason": "r"})).status_code == 403
        async with on.seen_by(Role.LEAD) as browser:
            assert "/candidates/k-1/approve" in (await browser.get("/rules")).text
            owner.answer = {"status": "open", "affected": 8}
            assert (await browser.post("/candidates/k-1/approve", data=FORM | {"reason": "It is true."})).status_code == 303
            await browser.post("/candidates/k-1/dismiss", data={"form_id": "form-0002", "note": "A newsletter."})
        kept = await on.rows("SELECT act, subject FROM audit WHERE act LIKE 'candidate.%' ORDER BY at")
    assert cells(text, "complaints") == ["&lt;b&gt;pay&lt;/b&gt;", "8", "0.4"]
    assert text.count(">complaints<") == 1, "an older monitor does not know the question, and lists others"
    assert "Approve or dismiss" not in text
    assert [(row["act"], row["subject"]) for row in kept] == [("candidate.approve", "incident:k-1"), ("candidate.dismiss", "incident:k-1")]


async def test_a_mistake_in_the_file_is_shown_to_everybody(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = IN_FORCE | {"mistake": "config/rules.yml:7: rules.0.open: <b>five</b>"}
    async with screen(fresh_database) as on, on.seen_by(Role.VIEWER) as browser:
        owner.asked_by(on, Owner.MONITOR)
        text = (await browser.get("/rules")).text
    assert "config/rules.yml:7: rules.0.open: &lt;b&gt;five&lt;/b&gt;" in text


async def test_an_operator_has_the_file_read_and_sees_what_becomes_of_each_rule_once(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = {"asked": 4, "rules": [{"id": "failing", "detector": "ratio", "version": "v-3", "change": "judges_otherwise"}]}
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        owner.asked_by(on, Owner.MONITOR)
        assert "Read rules.yml anew" in (await browser.get("/rules")).text
        asked, again = await browser.post("/rules/reload", data=FORM), await browser.post("/rules/reload", data=FORM)
        acts = await on.rows("SELECT act, subject, outcome, after FROM audit ORDER BY id")
    assert [each["path"] for each in owner.asked if each["method"] == "POST"] == ["/v1/rules/reload"]
    assert "failing: judges otherwise" in asked.text
    assert (asked.status_code, again.status_code) == (200, 200)
    assert acts == [{"act": "monitor.reload_rules", "subject": "rules:rules.yml", "outcome": "done", "after": {"asked": 4}}]


async def test_each_mistake_is_told_with_its_place(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.problem = Problem(
        422, "rules.yml does not say what it must", errors=[{"at": "rules.yml:7", "why": "rules.0.open: Field required"}]
    )
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        owner.asked_by(on, Owner.MONITOR)
        answer = await browser.post("/rules/reload", data=FORM)
    assert answer.status_code == 422
    assert "monitor refuses: rules.yml:7: rules.0.open: Field required." in answer.text


async def test_only_operators_have_the_file_read(fresh_database: Settings) -> None:
    async with screen(fresh_database) as on, on.seen_by(Role.LEAD) as browser:
        assert (await browser.post("/rules/reload", data=FORM)).status_code == 403
