"""The table of acts: what a person may ask for in the console, the role it needs, and the owner's route that does it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from services.console.sessions.roles import Role


class Owner(StrEnum):
    """Who owns what an act changes."""

    MONITOR = "monitor"
    NOTIFIER = "notifier"
    TICKETING = "ticketing"
    CONSOLE = "console"  # the console does it by itself: it has no route


@dataclass(frozen=True)
class Act:
    """Is one kind of act."""

    name: str  # as the audit log has it
    role: Role  # the least that it needs
    owner: Owner
    method: str = ""
    path: str = ""  # of the owner's route; `{names}` are filled in by `at`
    after: tuple[str, ...] = ()  # what the audit log keeps of the owner's answer; nothing that customers or agents wrote
    awaits: str = ""  # `ticket` or `incident`: the answer is one, and is drawn until its fact arrives

    def at(self, where: Mapping[str, str]) -> str:
        """Returns the path with these values, each of them one segment whatever is in it."""
        return self.path.format_map({name: quote(value, safe="") for name, value in where.items()})


def _ticket(name: str, path: str = "") -> Act:
    return Act(
        f"ticket.{name}",
        Role.AGENT,
        Owner.TICKETING,
        "POST",
        f"/v1/tickets/{{ref}}/{path or name}",
        ("status", "assignee", "incident_id"),
        awaits="ticket",
    )


def _incident(name: str, path: str = "", role: Role = Role.LEAD, after: tuple[str, ...] = ("status", "affected")) -> Act:
    path = f"/v1/incidents/{{incident_id}}/{path or name}"
    return Act(f"incident.{name}", role, Owner.MONITOR, "POST", path, after, awaits="incident")


def _running(owner: Owner) -> tuple[Act, ...]:
    """Returns what operators do to the streams and the due work of one service."""
    return (
        Act(f"{owner}.release", Role.OPERATOR, owner, "POST", "/v1/streams/{topic}/release", ("topic", "partitions")),
        Act(f"{owner}.retry", Role.OPERATOR, owner, "POST", "/v1/due/retry", ("rows",)),
        Act(f"{owner}.publish", Role.OPERATOR, owner, "POST", "/v1/unpublished/send", ("rows",)),
    )


def _approval(name: str, path: str = "") -> Act:
    path = f"/v1/approvals/{{approval_id}}/{path or name}"
    return Act(f"approval.{name}", Role.OPERATOR, Owner.NOTIFIER, "POST", path, ("standing", "gate", "rule", "total", "first_by"))


_ALL = (
    _incident("resolve", after=("status", "note")),
    _incident("dismiss", after=("status", "note")),
    _incident("acknowledge", role=Role.AGENT),
    _incident("update"),
    _incident("severity", after=("severity",)),
    _incident("add", "customers/add"),
    _incident("remove", "customers/remove"),
    Act("incident.split", Role.LEAD, Owner.MONITOR, "POST", "/v1/incidents/{incident_id}/split", ("id", "affected")),
    _incident("merge", after=("status", "merged_into")),
    Act("candidate.approve", Role.LEAD, Owner.MONITOR, "POST", "/v1/incidents/{incident_id}/approve", ("status", "affected")),
    Act("candidate.dismiss", Role.LEAD, Owner.MONITOR, "POST", "/v1/incidents/{incident_id}/dismiss", ("status",)),
    _ticket("reply"),
    _ticket("assign"),
    _ticket("unassign", "assign"),
    _ticket("link"),
    _ticket("unlink"),
    _ticket("resolve"),
    _ticket("reopen"),
    Act("risk.clear", Role.AGENT, Owner.MONITOR, "POST", "/v1/risks/{risk_id}/clear", ("rule", "reason")),
    Act("customer.preferences", Role.AGENT, Owner.NOTIFIER, "PUT", "/v1/customers/{customer_id}/preferences", ("incident", "guidance")),
    Act("customer.clear_mark", Role.OPERATOR, Owner.NOTIFIER, "POST", "/v1/customers/{customer_id}/contacts/clear-mark"),
    Act("customer.export", Role.LEAD, Owner.CONSOLE),
    Act("customer.erase", Role.OPERATOR, Owner.CONSOLE),
    *(each for owner in Owner for each in _running(owner)),
    _approval("approve"),
    _approval("approve_first", "approve-first"),
    _approval("reject"),
    _approval("words"),
    _approval("remove"),
    _approval("send_to_me", "send-to-me"),
    Act("switch.turn", Role.OPERATOR, Owner.NOTIFIER, "PUT", "/v1/switches"),
    Act("rule.step", Role.OPERATOR, Owner.NOTIFIER, "PUT", "/v1/rules/{rule}/step", ("step",)),
    Act("incident.correct", Role.OPERATOR, Owner.NOTIFIER, "POST", "/v1/incidents/{incident_id}/correction", ("id", "customers")),
    Act("monitor.reload_rules", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/rules/reload", ("asked",)),
    Act("monitor.try_rules", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/backtests", ("id",)),
    Act("monitor.publish_rules", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/rules/publish", ("number",)),
    Act("monitor.rules_of_file", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/rules/back-to-file", ("number",)),
    Act("maintenance.announce", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/maintenance", ("id", "status", "starts_at", "ends_at")),
    Act("maintenance.cancel", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/maintenance/{maintenance_id}/cancel", ("status",)),
    Act("monitor.try_mapping", Role.OPERATOR, Owner.MONITOR, "POST", "/v1/sources/try", ("records", "mapped", "left_out", "refused")),
    Act("letters.redrive", Role.OPERATOR, Owner.CONSOLE),
)
ACTS: Mapping[str, Act] = {act.name: act for act in _ALL}
