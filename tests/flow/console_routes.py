"""Every route of the console's pages and every act of a form, each with one good request. A new one needs a line here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from fastapi.routing import iter_route_contexts

from services.console.acting.acts import Owner
from shared.settings import Settings
from tests.flow.console_owner import FakeOwner
from tests.flow.console_screen import Screen, screen

GIVEN = """
INSERT INTO customers (id, name, updated_at) VALUES ('c-1', 'Zoe', now());
INSERT INTO incidents (id, rule, component, severity, title, status, started_at, opened_at, revision, said_at)
VALUES ('i-1', 'r', 'checkout', 'high', 'checkout is failing', 'open', now(), now(), 1, now());
INSERT INTO tickets (id, number, customer_id, status, opened_at, changed_at) VALUES ('t-1', 1001, 'c-1', 'open', now(), now());
INSERT INTO people (name, role, created_by) VALUES ('bob', 'agent', 'test');
"""
MAINTENANCE: dict[str, Any] = {
    "title": "We move the checkout",
    "starts_at": "2030-01-06T02:30",
    "ends_at": "2030-01-06T04:30",
    "zone": "Europe/Berlin",
}
SWITCH = {"scope": "rule", "name": "r", "mode": "off", "thrown": "true", "reason": "The words are wrong."}
ASKED = (Owner.MONITOR, Owner.NOTIFIER, Owner.TICKETING)


class Ask(NamedTuple):
    """One good request of a route, and how it is answered to who may."""

    url: str
    status: int
    form: dict[str, Any] | None = None


def sent(url: str, status: int = 303, **form: Any) -> Ask:
    return Ask(url, status, form)


ASKS: dict[str, Ask] = {
    "GET /static/{name}": Ask("/static/forewarn.css", 200),
    "GET /sign-in": Ask("/sign-in", 200),
    "POST /sign-in": sent("/sign-in", 422, name="bob", password="not it, whatever it is"),
    "GET /sign-in/provider": Ask("/sign-in/provider", 404),
    "GET /sign-in/callback": Ask("/sign-in/callback", 404),
    "GET /enter/{link}": Ask("/enter/1", 404),
    "POST /enter/{link}": sent("/enter/1", 404),
    "GET /": Ask("/", 200),
    "GET /queue": Ask("/queue", 200),
    "GET /incidents": Ask("/incidents", 200),
    "GET /incidents/{incident_id}": Ask("/incidents/i-1", 200),
    "GET /incidents/{incident_id}/affected": Ask("/incidents/i-1/affected", 200),
    "GET /incidents/{incident_id}/affected.csv": Ask("/incidents/i-1/affected.csv", 200),
    "POST /incidents/{incident_id}/acknowledge": sent("/incidents/i-1/acknowledge"),
    "POST /incidents/{incident_id}/{act}": sent("/incidents/i-1/resolve", note="It works."),
    "GET /incidents/{incident_id}/correction": Ask("/incidents/i-1/correction", 200),
    "POST /incidents/{incident_id}/correction/confirm": sent("/incidents/i-1/correction/confirm", 200, subject="Sorry", words="It works."),
    "POST /incidents/{incident_id}/correction/send": sent("/incidents/i-1/correction/send", subject="Sorry", words="It works."),
    "GET /approvals": Ask("/approvals", 200),
    "GET /approvals/{approval_id}": Ask("/approvals/a-1", 200),
    "GET /approvals/{approval_id}/messages/{place}": Ask("/approvals/a-1/messages/0", 200),
    "POST /approvals/{approval_id}/preview": sent("/approvals/a-1/preview", 200, subject="Sorry", body="It works."),
    "POST /approvals/{approval_id}/{form}": sent("/approvals/a-1/approve", seen="1-a", reason="It is so."),
    "GET /switches": Ask("/switches", 200),
    "POST /switches/confirm": sent("/switches/confirm", 200, **SWITCH),
    "POST /switches/turn": sent("/switches/turn", **SWITCH),
    "GET /rules/autonomy": Ask("/rules/autonomy", 200),
    "GET /rules/autonomy/{rule}": Ask("/rules/autonomy/r", 200),
    "POST /rules/autonomy/{rule}/confirm": sent("/rules/autonomy/r/confirm", 200, step="auto", reason="It was right."),
    "POST /rules/autonomy/{rule}/step": sent("/rules/autonomy/r/step", step="auto", reason="It was right."),
    "GET /tickets/{number}": Ask("/tickets/1001", 200),
    "POST /tickets/{number}/{form}": sent("/tickets/1001/reply", body="It works."),
    "GET /customers/{customer_id:path}": Ask("/customers/c-1", 200),
    "POST /customers/{customer_id:path}/preferences": sent("/customers/c-1/preferences", incident="yes"),
    "POST /customers/{customer_id:path}/clear-mark": sent("/customers/c-1/clear-mark", address="zoe@example.org"),
    "POST /customers/{customer_id:path}/export": sent("/customers/c-1/export", 200),
    "POST /customers/{customer_id:path}/erase": sent("/customers/c-1/erase", 422, confirm="c-2"),
    "GET /why": Ask("/why?customer=c-1", 200),
    "GET /risks": Ask("/risks", 200),
    "POST /risks/{risk_id}/clear": sent("/risks/k-1/clear", note="They pay by invoice."),
    "GET /rules": Ask("/rules", 200),
    "POST /rules/reload": sent("/rules/reload", 200),
    "POST /rules/publish-again": sent("/rules/publish-again", number="1", base="2", note="The new ones were too strict."),
    "POST /rules/back-to-file": sent("/rules/back-to-file", base="2", note="The file has them now."),
    "POST /candidates/{incident_id}/approve": sent("/candidates/k-1/approve", reason="The bank says so."),
    "POST /candidates/{incident_id}/dismiss": sent("/candidates/k-1/dismiss", note="A newsletter."),
    "GET /rules/draft": Ask("/rules/draft", 200),
    "POST /rules/draft/try": sent("/rules/draft/try", rules="rules: []", base="2", since="7d"),
    "GET /rules/draft/{backtest_id}": Ask("/rules/draft/b-1", 200),
    "POST /rules/draft/{backtest_id}/publish": sent("/rules/draft/b-1/publish", note="Fewer false alarms."),
    "GET /maintenance": Ask("/maintenance", 200),
    "POST /maintenance/announce": Ask("/maintenance/announce", 303, MAINTENANCE),
    "POST /maintenance/cancel": sent("/maintenance/cancel", maintenance_id="m-1"),
    "GET /sources": Ask("/sources", 200),
    "POST /sources/try": sent("/sources/try", 200, topic="shop.orders"),
    "GET /health": Ask("/health", 200),
    "POST /health/release": sent("/health/release", service="monitor", topic="incidents.v1"),
    "POST /health/retry": sent("/health/retry", service="ticketing", kind="resolve"),
    "POST /health/publish": sent("/health/publish", service="notifier", topic="notifications.v1"),
    "GET /health/letters/{topic}": Ask("/health/letters/incidents.v1", 503),  # Kafka is away
    "POST /health/letters/{topic}/redrive": sent("/health/letters/incidents.v1/redrive", 503, chosen="0-1"),
    "GET /audit": Ask("/audit", 200),
    "GET /people": Ask("/people", 200),
    "POST /people/add": sent("/people/add", name="carol", role="viewer"),
    "POST /people/role": sent("/people/role", name="bob", role="lead"),
    "POST /people/disable": sent("/people/disable", name="bob", disabled="true"),
    "POST /people/end-sessions": sent("/people/end-sessions", name="bob"),
    "POST /people/link": sent("/people/link", 200, name="carol"),
    "POST /people/remove": sent("/people/remove", name="bob"),
    "GET /search": Ask("/search?q=checkout", 200),
    "GET /keys": Ask("/keys", 200),
    "GET /live": Ask("/live?keys=incidents", 503),  # the hub is closed: a stream would not end
    "GET /unmask": Ask("/unmask", 200),
    "POST /unmask": sent("/unmask", reason="a customer is on the phone"),
    "POST /mask": sent("/mask"),
    "POST /drafts": sent("/drafts", 204, place="ticket:t-1:reply", text="Dear Zoe"),
    "POST /sign-out": sent("/sign-out"),
}

# Every act by its name in the audit log; the console's own are refused, because nothing has stopped and Kafka is away.
ACTED: dict[str, Ask] = {
    "incident.resolve": sent("/incidents/i-1/resolve", note="It works."),
    "incident.dismiss": sent("/incidents/i-1/dismiss", note="It was a test."),
    "incident.acknowledge": sent("/incidents/i-1/acknowledge"),
    "incident.update": sent("/incidents/i-1/update", words="We are on it."),
    "incident.severity": sent("/incidents/i-1/severity", severity="low", reason="Few use it."),
    "incident.add": sent("/incidents/i-1/add", customers="c-2", reason="They called."),
    "incident.remove": sent("/incidents/i-1/remove", customers="c-1", reason="A test account."),
    "incident.split": sent("/incidents/i-1/split", customers="c-1", reason="Their bank."),
    "incident.merge": sent("/incidents/i-1/merge", into="i-2"),
    "candidate.approve": sent("/candidates/k-1/approve", reason="The bank says so."),
    "candidate.dismiss": sent("/candidates/k-1/dismiss", note="A newsletter."),
    "ticket.reply": sent("/tickets/1001/reply", body="It works."),
    "ticket.assign": sent("/tickets/1001/assign", to="bob"),
    "ticket.unassign": sent("/tickets/1001/assign", to=""),
    "ticket.link": sent("/tickets/1001/link", incident_id="i-1"),
    "ticket.unlink": sent("/tickets/1001/unlink", verdict="unrelated"),
    "ticket.resolve": sent("/tickets/1001/resolve", resolution="It works."),
    "ticket.reopen": sent("/tickets/1001/reopen", reason="It fails."),
    "risk.clear": sent("/risks/k-1/clear", note="They pay by invoice."),
    "customer.preferences": sent("/customers/c-1/preferences", incident="yes"),
    "customer.clear_mark": sent("/customers/c-1/clear-mark", address="zoe@example.org"),
    "customer.export": sent("/customers/c-1/export", 200),
    "customer.erase": sent("/customers/c-1/erase", 503, confirm="c-1"),
    **{f"{owner}.release": sent("/health/release", service=owner, topic="incidents.v1") for owner in ASKED},
    **{f"{owner}.retry": sent("/health/retry", service=owner, kind="resolve") for owner in Owner},
    **{f"{owner}.publish": sent("/health/publish", service=owner, topic="incidents.v1") for owner in Owner},
    "approval.approve": sent("/approvals/a-1/approve", seen="1-a", reason="It is so."),
    "approval.approve_first": sent("/approvals/a-1/approve-first", seen="1-a"),
    "approval.reject": sent("/approvals/a-1/reject", reason="A test."),
    "approval.words": sent("/approvals/a-1/words", subject="Sorry", body="It works.", reason="Clearer."),
    "approval.remove": sent("/approvals/a-1/remove", customer="c-1", reason="A test account."),
    "approval.send_to_me": sent("/approvals/a-1/send-to-me"),
    "switch.turn": sent("/switches/turn", **SWITCH),
    "rule.step": sent("/rules/autonomy/r/step", step="auto", reason="It was right."),
    "incident.correct": sent("/incidents/i-1/correction/send", subject="Sorry", words="It works."),
    "monitor.reload_rules": sent("/rules/reload", 200),
    "monitor.try_rules": sent("/rules/draft/try", rules="rules: []", base="2", since="7d"),
    "monitor.publish_rules": sent("/rules/publish-again", number="1", base="2", note="The new ones were too strict."),
    "monitor.rules_of_file": sent("/rules/back-to-file", base="2", note="The file has them now."),
    "maintenance.announce": Ask("/maintenance/announce", 303, MAINTENANCE),
    "maintenance.cancel": sent("/maintenance/cancel", maintenance_id="m-1"),
    "monitor.try_mapping": sent("/sources/try", 200, topic="shop.orders"),
    "console.release": sent("/health/release", 409, service="console", topic="incidents.v1"),
    "letters.redrive": sent("/health/letters/incidents.v1/redrive", 503, chosen="0-1"),
}


@asynccontextmanager
async def site(settings: Settings) -> AsyncIterator[Screen]:
    """Opens the pages with something to show, owners that do whatever they are asked, and no Kafka."""
    async with screen(settings.model_copy(update={"kafka": "127.0.0.1:9"})) as it:
        await it.run(GIVEN)
        FakeOwner().asked_by(it, *ASKED)
        it.hub.close()
        yield it


def routes(on: Screen) -> list[str]:
    """Returns every route of the pages."""
    found = [(route.path or "", route.methods or set()) for route in iter_route_contexts(on.app.routes)]
    return sorted(f"{method} {path}" for path, methods in found for method in methods - {"HEAD"})
