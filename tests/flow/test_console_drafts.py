"""Drafts of rules on the console: written and kept, tried by monitor, shown with what they found, published, and rolled back."""

import re

from services.console.acting.acts import Owner
from services.console.sessions.roles import Role
from shared.http.problems import Problem
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import screen
from tests.unit.console.test_trial import OUTCOME

TEXT = "rules:\n  - id: <b>mine</b>\n"
ITEMS = [
    {"number": 3, "to_file": False, "note": "<i>stricter</i>", "by": "grace", "at": "2026-11-24T12:00:00Z"},
    {"number": 2, "to_file": True, "note": "", "by": "grace", "at": "2026-11-24T11:00:00Z"},
    {"number": 1, "to_file": False, "note": "first", "by": "bob", "at": "2026-11-24T10:00:00Z"},
]
VERSION = "0123456789ab"
STANDING = {"source": "published", "base": 3, "file_differs": True, "rules": TEXT, "items": ITEMS, "version": VERSION}
TRIED = {
    "id": "b-1",
    "base": 3,
    "by": "ada",
    "asked_at": "2026-11-24T12:00:00Z",
    "rules": TEXT,
    "reason": "",
    "done": 10,
    "size": 40,
    "version": VERSION,
}
CHANGES = [{"id": "failing", "detector": "ratio", "version": "v", "change": "counts_anew"}]
FORM = {"form_id": "form-0001", "base": "3"}


async def test_a_draft_is_written_tried_looked_at_and_published(fresh_database: Settings) -> None:
    owner = FakeOwner()
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        owner.asked_by(on, Owner.MONITOR)
        # Given the rules in force, which an operator changes
        owner.answer = STANDING
        page = (await browser.get("/rules/draft")).text
        assert "&lt;b&gt;mine&lt;/b&gt;" in page
        assert 'data-draft="rules:3:text"' in page
        # When they have it tried
        owner.answer = {"id": "b-1"}
        led = await browser.post("/rules/draft/try", data=FORM | {"rules": TEXT.replace("\n", "\r\n") + "  # mine", "since": "30d"})
        assert (led.status_code, led.headers["location"]) == (303, "/rules/draft/b-1")
        assert owner.asked[-1]["body"] == {"rules": TEXT + "  # mine", "base": 3, "since": "30d"}
        # Then the page looks again by itself until it is done, and what was typed is kept
        owner.answer = TRIED | {"status": "running"}
        under_way = await browser.get("/rules/draft/b-1")
        assert under_way.headers["refresh"] == "2"
        assert '<progress max="40" value="10"' in under_way.text
        owner.answer = STANDING
        assert "  # mine</textarea>" in (await browser.get("/rules/draft")).text
        owner.answer = TRIED | {"status": "done", "outcome": OUTCOME, "changes": CHANGES}
        done = await browser.get("/rules/draft/b-1")
        assert "refresh" not in done.headers
        row = re.findall(r'<th scope="row">failing</th>(.*?)</tr>', done.text, re.DOTALL)[0]
        assert re.findall(r'number">([^<]*)<', row) == ["2", "1", "12", "5", "24", "10", "50 %", "3"]
        assert "failing: counts anew" in done.text
        # and it is published as it was tried
        assert f'name="version" value="{VERSION}"' in done.text
        form = FORM | {"note": "better", "version": VERSION, "form_id": "form-0002"}
        assert (await browser.post("/rules/draft/b-1/publish", data=form)).status_code == 303
        assert owner.asked[-1]["body"] == {"rules": TEXT, "base": 3, "note": "better", "version": VERSION}
        owner.answer = STANDING
        assert "# mine" not in (await browser.get("/rules/draft")).text
        acts = await on.rows("SELECT act, subject FROM audit ORDER BY id")
    assert [tuple(each.values()) for each in acts] == [("monitor.try_rules", "rules:draft"), ("monitor.publish_rules", "rules:published")]


async def test_a_draft_that_others_overtook_or_with_a_mistake_is_kept_and_said(fresh_database: Settings) -> None:
    owner = FakeOwner()
    async with screen(fresh_database) as on, on.seen_by(Role.OPERATOR) as browser:
        owner.asked_by(on, Owner.MONITOR)
        owner.problem = Problem(422, "no", errors=[{"at": "rules.yml:2", "why": "rules.0.title: Field required"}])
        refused = await browser.post("/rules/draft/try", data=FORM | {"rules": "mine"})
        assert refused.status_code == 422
        assert "monitor refuses: rules.yml:2: rules.0.title: Field required." in refused.text
        owner.problem, owner.answer = None, STANDING | {"base": 4}
        page = (await browser.get("/rules/draft")).text
        assert "Other rules were published since you began this draft" in page
        assert "\nmine</textarea>" in page
        assert "&lt;b&gt;mine" in (await browser.get("/rules/draft?anew=true")).text
        owner.answer = TRIED | {"status": "done", "base": 2, "outcome": None}
        owner.problem = Problem(409, "something else was published meanwhile", current=4)
        late = await browser.post("/rules/draft/b-1/publish", data=FORM | {"note": "n"})
        assert (late.status_code, "something else was published meanwhile" in late.text) == (409, True)


async def test_what_was_published_is_listed_and_operators_publish_it_again_or_go_back(fresh_database: Settings) -> None:
    owner = FakeOwner()
    owner.answer = STANDING
    async with screen(fresh_database) as on:
        owner.asked_by(on, Owner.MONITOR)
        async with on.seen_by(Role.VIEWER) as viewer:
            page = (await viewer.get("/rules")).text
            assert "rules.yml has changed since" in page
            assert "&lt;i&gt;stricter&lt;/i&gt;" in page
            assert "Publish version" not in page
            assert (await viewer.get("/rules/draft")).status_code == 403
        async with on.seen_by(Role.OPERATOR) as browser:
            page = (await browser.get("/rules")).text
            assert re.findall(r"Publish version (\d) again", page) == ["1"]
            assert "Put rules.yml in force" in page
            assert f'name="version" value="{VERSION}"' in page
            await browser.post("/rules/publish-again", data=FORM | {"number": "1", "note": "calmer", "version": VERSION})
            await browser.post("/rules/back-to-file", data=FORM | {"note": "done", "form_id": "form-0002"})
    posted = [(each["path"], each["body"]) for each in owner.asked if each["method"] == "POST"]
    assert posted == [
        ("/v1/rules/publish", {"rules": TEXT, "note": "calmer", "base": "3", "version": VERSION}),
        ("/v1/rules/back-to-file", {"note": "done", "base": "3"}),
    ]
