"""The pages about what Forewarn may tell: an approval and its acts, the kill switch on every page, steps of autonomy, corrections."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_rows import NOW, there_is
from tests.flow.console_screen import Screen, screen

AT = NOW.isoformat()
SAMPLE = {
    "customer_id": "c-1",
    "missing": ["name"],
    "channel": "email",
    "subject": "Paying fails",
    "text": "Hello <b>there</b>,\nit fails.",
}
APPROVAL: dict[str, Any] = {
    **{"id": "a-1", "gate": "i-1", "rule": "checkout-failing", "advice": False, "title": "checkout is failing", "round": 1},
    **{"standing": "waiting", "total": 415, "asked_at": AT, "expires_at": AT, "first_by": None, "decided_by": None, "decided_at": None},
    **{
        "reason": "",
        "seen": "3-5f0c",
        "waiting": 412,
        "channels": {"email": 412},
        "left_out": {"opted_out": 2, "delivered": 1},
        "normal": 40,
        "audiences": 7,
    },
    **{"two_people_above": 5000, "first_saw": None, "first": 20, "oldest": AT, "newest": AT, "words": None, "samples": [SAMPLE]},
}
RECORD: dict[str, Any] = {
    **{"step": "auto_up_to", "reason": "it was right ten times", "by": "eve", "changed_at": AT, "audiences": 7, "customers": 300},
    **{"told": 280, "wrote_in": 7, "false_alarms": 1, "complaints": 2, "opt_outs": 3, "normal": 40, "latest_at": AT},
}
SWITCH: dict[str, Any] = {
    **{"scope": "rule", "name": "checkout-failing", "mode": "brake", "reason": "it tells far more customers", "by": "forewarn"},
    **{"why": {"lately": 4000, "normal": 40, "times": 10}, "at": AT},
}
ENTRY = {"id": 1, "at": AT, "by": "eve", "act": "approved", "subject": "gate i-1", "reason": "it is real", "figures": {"customers": 412}}
ALL = {"items": [APPROVAL | SWITCH | ENTRY | RECORD | {"id": "a-1", "rule": "checkout-failing"}], "told": 412}
FORM = {"form_id": "form-0001", "seen": "3-5f0c", "reason": "it is real"}


class Notifier(FakeOwner):
    """Answers every question with one item that is an approval, a record, a switch and an entry of the log at once."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.answer: dict[str, Any] = APPROVAL | ALL | said

    def posted(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Returns what was asked of it that changes something."""
        return [(each["path"], each["body"]) for each in self.asked if each["method"] != "GET"]


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Screen]:
    async with screen(fresh_database) as it:
        yield it


async def shown(on: Screen, path: str, *, role: Role = Role.OPERATOR, person: str = "ada", **said: Any) -> str:
    """Returns a page beside a notifier that says this."""
    Notifier(**said).asked_by(on, Owner.NOTIFIER)
    async with on.seen_by(role, person) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def buttons(text: str) -> list[str]:
    return re.findall(r"<button[^>]*>([^<]+)</button>", text[text.index("<main") :])


async def test_all_that_is_needed_to_decide_is_on_the_page(on: Screen) -> None:
    text = await shown(on, "/approvals/a-1")
    assert {"Send to 412 customers by e-mail", "Send to the first 20", "Send it to me alone", "Reject: tell nobody"} <= set(buttons(text))
    assert "Customers: this audience: 415; would be told: 412; normal for the rule: 40" in text
    assert "this one is 10.4 times that" in text
    assert '<tr><th scope="row">told already</th><td class="number">1</td></tr>' in text
    assert '<iframe sandbox loading="lazy"' in text
    assert 'src="/approvals/a-1/messages/0?seen=3-5f0c"' in text
    assert "Hello &lt;b&gt;there&lt;/b&gt;," in text
    assert "not known of them: name" in text


@pytest.mark.parametrize(
    ("person", "said", "words", "button"),
    [
        ("ada", {}, "Two people must agree", "Agree to send to 412 customers by e-mail"),
        ("bob", {"first_by": "ada", "first_saw": "3-5f0c"}, "ada agreed; two people must", "Send to 412 customers by e-mail"),
        ("ada", {"first_by": "ada", "first_saw": "3-5f0c"}, "You agreed. Another person must agree", None),
        ("bob", {"first_by": "ada", "first_saw": "2-5f0c"}, "ada agreed, to words or an audience that have changed", "Agree to send"),
    ],
)
async def test_where_two_must_agree_it_says_who_did_and_that_another_must(
    on: Screen, person: str, said: dict[str, Any], words: str, button: str | None
) -> None:
    text = await shown(on, "/approvals/a-1", person=person, two_people_above=100, **said)
    assert words in text
    sends = [each for each in buttons(text) if "412 customers" in each]
    assert sends == [] if button is None else sends[0].startswith(button)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"standing": "expired"}, "Nobody approved of it in time: it expired"),
        ({"standing": "rejected", "decided_by": "eve", "decided_at": AT, "reason": "a load test"}, "<q>a load test</q>"),
        ({"items": [ENTRY | {"act": "voided approval", "reason": "the words have changed"}]}, "because the words have changed"),
    ],
)
async def test_what_is_void_rejected_or_expired_says_so_and_why(on: Screen, said: dict[str, Any], words: str) -> None:
    text = await shown(on, "/approvals/a-1", **said)
    assert words in text
    assert ("Send to 412 customers by e-mail" in buttons(text)) is ("standing" not in said)


async def test_each_act_reaches_notifier_once_under_the_persons_name(on: Screen) -> None:
    owner = Notifier()
    owner.asked_by(on, Owner.NOTIFIER)
    forms: dict[str, dict[str, Any]] = {
        "approve": {},
        "approve-first": {},
        "reject": {},
        "words": {"subject": "s", "body": "a\r\nb"},
        "remove": {"customer": ["c-1", "c-2"]},
    }
    async with on.seen_by(Role.OPERATOR) as browser:
        for number, (form, said) in enumerate(forms.items()):
            for _ in range(2):
                sent = await browser.post(f"/approvals/a-1/{form}", data=FORM | said | {"form_id": f"form-000{number}"})
                assert (sent.status_code, sent.headers["location"]) == (303, "/approvals/a-1")
        owner.problem = Problem(409, "the words or the audience have changed: look again", current="4-77")
        refused = await browser.post("/approvals/a-1/approve", data=FORM | {"form_id": "form-0009"})
    why = {"reason": "it is real"}
    assert owner.posted() == [
        ("/v1/approvals/a-1/approve", {"seen": "3-5f0c"} | why),
        ("/v1/approvals/a-1/approve-first", {"seen": "3-5f0c"} | why),
        ("/v1/approvals/a-1/reject", why),
        ("/v1/approvals/a-1/words", {"words": {"subject": "s", "body": "a\nb"}} | why),
        ("/v1/approvals/a-1/remove", {"customers": ["c-1", "c-2"]} | why),
    ]
    assert {each["headers"]["forewarn-acting-for"] for each in owner.asked if each["method"] == "POST"} == {"ada"}
    acts = await on.rows("SELECT act, person, subject, outcome FROM audit ORDER BY id")
    assert [each["act"].partition(".")[2] for each in acts] == ["approve", "approve_first", "reject", "words", "remove", "approve"]
    assert {(each["person"], each["subject"]) for each in acts} == {("ada", "approval:a-1")}
    assert refused.status_code == 404, "a notifier that knows no such approval any more"


async def test_a_decision_about_what_has_changed_is_refused_in_words(on: Screen) -> None:
    owner = Notifier()
    owner.asked_by(on, Owner.NOTIFIER)
    owner.refuses = Problem(409, "the words or the audience have changed: look again", current="4-77")
    async with on.seen_by(Role.OPERATOR) as browser:
        refused = await browser.post("/approvals/a-1/approve", data=FORM)
    assert refused.status_code == 409
    assert "the words or the audience have changed: look again" in refused.text


async def test_messages_are_shown_as_pages_that_load_and_run_nothing(on: Screen) -> None:
    owner = Notifier(html="<p onclick='x'>Hello</p><script>alert(1)</script>", text="Hello", subject="s")
    owner.asked_by(on, Owner.NOTIFIER)
    async with on.seen_by(Role.OPERATOR) as browser:
        page = await browser.get("/approvals/a-1/messages/0")
        preview = await browser.post("/approvals/a-1/preview", data={"subject": "<i>", "body": "b"})
        owner.answer = {"html": None, "subject": "<i>s</i>", "text": "a < b"}
        plain = await browser.get("/approvals/a-1/messages/1")
    for answer in (page, preview, plain):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert policy.endswith("; sandbox")
        assert "script-src" not in policy
    assert owner.posted() == [("/v1/approvals/a-1/preview", {"words": {"subject": "<i>", "body": "b"}})]
    assert "&lt;i&gt;s&lt;/i&gt;" in plain.text
    async with on.seen_by(Role.VIEWER) as browser:
        assert (await browser.get("/approvals/a-1/messages/0")).status_code == 403
    assert "<iframe" not in await shown(on, "/approvals/a-1", role=Role.VIEWER)


async def test_approvals_that_wait_are_counted_on_every_page_and_listed(on: Screen) -> None:
    Notifier().asked_by(on, Owner.NOTIFIER)
    await on.app.state.watch.look()
    async with on.seen_by(Role.AGENT) as browser:
        now, listed = (await browser.get("/")).text, (await browser.get("/approvals")).text
    for text in (now, listed):
        assert re.search(r'data-go="v">Approvals<span[^>]*> <span class="pill"[^>]*>1</span>', text)
    assert re.search(r'Approvals</a> <span class="quiet">wait for a person</span></th><td class="number">1</td>', now)
    assert '<a href="/approvals/a-1">checkout is failing</a>' in listed


async def test_what_is_stopped_is_said_on_every_page_also_while_notifier_is_away(on: Screen) -> None:
    async with on.seen_by(Role.AGENT) as agent, on.seen_by(Role.OPERATOR) as operator:
        assert "is stopped by its brake" not in (await agent.get("/queue")).text
        owner = Notifier()
        owner.asked_by(on, Owner.NOTIFIER)
        await on.app.state.watch.look()
        first = await on.rows("SELECT key FROM changes")
        await on.app.state.watch.look()
        assert await on.rows("SELECT key FROM changes") == first == [{"key": "consent"}, {"key": "frame"}]
        for browser, releases in ((agent, False), (operator, True)):
            for path in ("/queue", "/keys", "/no-such-page", "/incidents"):
                text = (await browser.get(path, headers={"accept": "text/html"})).text
                assert "<strong>Rule checkout-failing is stopped by its brake: nobody else is told</strong>, by Forewarn" in text
                assert "(4\N{NARROW NO-BREAK SPACE}000 customers in an hour, where 40 are normal)" in text
                assert (">Release checkout-failing</button>" in text) is releases, path
        only = await agent.get("/queue", headers={"Forewarn-Regions": "switches waiting"})
        assert only.text.count("data-region") == 2
        owner.problem = Problem(503, "not now")
        await on.app.state.watch.look()
        text = (await agent.get("/queue")).text
    assert "notifier does not answer since" in text
    assert "is stopped by its brake" in text


async def test_a_switch_is_thrown_in_two_steps_and_once(on: Screen) -> None:
    owner = Notifier()
    owner.asked_by(on, Owner.NOTIFIER)
    switch = {"scope": "rule", "name": "chekout", "mode": "off", "thrown": "true", "reason": "wrong words"}
    async with on.seen_by(Role.OPERATOR) as browser:
        asked = await browser.post("/switches/confirm", data=switch)
        assert owner.posted() == []
        thrown = [await browser.post("/switches/turn", data=switch | {"form_id": "form-0001"}) for _ in range(2)]
        release = await browser.post("/switches/confirm", data={"scope": "all", "mode": "off", "thrown": "false"})
        wrong = [
            (await browser.post("/switches/confirm", data=switch | but)).text
            for but in ({"name": ""}, {"reason": " "}, {"mode": "brake"}, {"scope": "everything"})
        ]
    assert "Stop rule chekout?" in asked.text
    assert "Rule chekout is stopped: nothing of it is told." in asked.text
    assert "No rule of this name has had anything told yet" in asked.text
    assert [(each.status_code, each.headers["location"]) for each in thrown] == [(303, "/switches")] * 2
    assert owner.posted() == [("/v1/switches", switch | {"thrown": True})] * 1
    assert "Release everything?" in release.text
    assert "Everything goes on: what is held is decided anew" in release.text
    for text, why in zip(wrong, ("Name the rule.", "Say why:", "Forewarn alone throws brakes", "Say what is stopped"), strict=True):
        assert why in text
    [line] = await on.rows("SELECT act, subject, outcome FROM audit")
    assert (line["act"], line["subject"], line["outcome"]) == ("switch.turn", "switch:rule chekout", "done")


async def test_each_rules_record_and_step_are_shown_and_moved_in_two_steps(on: Screen) -> None:
    text = await shown(on, "/rules/autonomy")
    assert '<a href="/rules/autonomy/checkout-failing">checkout-failing</a>' in text
    assert '<td class="number">7 <span class="quiet">2.5 %</span></td>' in text
    rule = await shown(on, "/rules/autonomy/checkout-failing")
    for words in ("auto up to</strong>", "Set by eve", "it was right ten times", "<dd>280 customers", "Complaints caused</dt><dd>2<"):
        assert words in rule, words
    owner = Notifier()
    owner.asked_by(on, Owner.NOTIFIER)
    step = {"step": "auto", "reason": "ten right"}
    async with on.seen_by(Role.OPERATOR) as browser:
        asked = await browser.post("/rules/autonomy/checkout-failing/confirm", data=step)
        assert owner.posted() == []
        moved = await browser.post("/rules/autonomy/checkout-failing/step", data=step | {"form_id": "form-0001"})
        wrong = await browser.post("/rules/autonomy/checkout-failing/confirm", data=step | {"step": "free"})
    assert "Move checkout-failing to auto?" in asked.text
    assert "From then on: nobody is asked; its brakes still hold." in asked.text
    assert (moved.status_code, owner.posted()) == (303, [("/v1/rules/checkout-failing/step", step)])
    assert (wrong.status_code, "Choose a step." in wrong.text) == (422, True)


async def test_what_was_told_wrongly_is_told_right_after_the_count_was_shown(on: Screen) -> None:
    await there_is(on, "incidents")
    owner = Notifier(done=True)
    owner.asked_by(on, Owner.NOTIFIER)
    words = {"subject": "We were wrong", "words": "Your orders\narrived."}
    async with on.seen_by(Role.OPERATOR) as browser:
        incident = (await browser.get("/incidents/i-1")).text
        asked = await browser.post("/incidents/i-1/correction/confirm", data=words)
        assert owner.posted() == []
        sent = [await browser.post("/incidents/i-1/correction/send", data=words | {"form_id": "form-0001"}) for _ in range(2)]
        unknown = await browser.get("/incidents/i-9/correction")
    assert '<a href="/incidents/i-1/correction">tell right what was told wrongly</a>' in incident
    assert "Send this to 412 customers?" in asked.text
    assert ">Send it to 412 customers</button>" in asked.text
    assert [each.status_code for each in sent] == [303, 303]
    assert owner.posted() == [("/v1/incidents/i-1/correction", words)]
    assert unknown.status_code == 404
    async with on.seen_by(Role.LEAD) as browser:
        assert "tell right what was told wrongly" not in (await browser.get("/incidents/i-1")).text


PAGES = ("/approvals", "/approvals/a-1", "/switches", "/rules/autonomy", "/rules/autonomy/r", "/incidents/i-1/correction")


async def test_a_notifier_that_is_away_is_said_and_one_that_says_less_leaves_gaps(on: Screen) -> None:
    await there_is(on, "incidents")
    owner = FakeOwner()
    owner.answer = {
        "items": [{}, {"why": [], "scope": 7, "mode": None, "samples": 1}],
        "samples": [{}],
        "left_out": [],
        "standing": "waiting",
    }
    async with on.seen_by(Role.OPERATOR) as browser:
        away = {path: await browser.get(path) for path in PAGES}
        owner.asked_by(on, Owner.NOTIFIER)
        less = {path: (await browser.get(path)).status_code for path in PAGES}
    assert {path: (answer.status_code, "notifier does not answer" in answer.text) for path, answer in away.items()} == dict.fromkeys(
        PAGES, (200, True)
    )
    assert set(less.values()) == {200}, less


async def test_every_region_of_these_pages_is_drawn_alone(on: Screen) -> None:
    await there_is(on, "incidents")
    Notifier(rules=[{"id": "r", "detector": "ratio"}]).asked_by(on, Owner.NOTIFIER, Owner.MONITOR)
    async with on.seen_by(Role.OPERATOR) as browser:
        for path in ("/", "/rules", *PAGES):
            names = re.findall(r'data-region="(\w+)"', (await browser.get(path)).text)
            alone = await browser.get(path, headers={"Forewarn-Regions": " ".join(names)})
            assert re.findall(r'data-region="(\w+)"', alone.text) == names, path
