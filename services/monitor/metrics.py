"""monitor's own metrics; the rules are those of `shared/metrics.py`."""

from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from services.monitor.aliases.linking import Outcome
from services.monitor.hearing.rekeying import Way, Why
from services.monitor.incidents.life import ENDS
from services.monitor.incidents.muting import By
from shared.events import Severity

EVENTS = Counter("forewarn_monitor_events_total", "Product events by what became of them.", ["fate"])
FATES = ("counted", "duplicate", "unmatched", "late", "ahead")
REKEYED = Counter(
    "forewarn_monitor_rekeyed_events_total",
    "Product events that did not come by the partition of their key (the customer, else the component), by why and how they were folded.",
    ["why", "way"],
)
CANDIDATES = Counter("forewarn_monitor_candidates_total", "Candidates of rising complaints: found, and what became of them.", ["outcome"])
for _outcome in ("found", "approved", "merged", "withdrawn", "dismissed"):
    CANDIDATES.labels(_outcome)
SOURCE_RECORDS = Counter(
    "forewarn_monitor_source_records_total",
    "Records of the company's own topics by what became of them: mapped, left out as the source says, or put aside.",
    ["topic", "outcome"],
)
HOOK_REQUESTS = Counter(
    "forewarn_monitor_hook_requests_total",
    "Webhooks by what became of them: accepted, refused (not signed with the hook's secret), or malformed.",
    ["hook", "outcome"],
)
HOOK_OUTCOMES = ("accepted", "refused", "malformed")
HOOK_EVENTS = Counter(
    "forewarn_monitor_hook_events_total",
    "Alerts and events of accepted webhooks by what became of them: written, cut off by the sender (truncated), or left out and why.",
    ["hook", "fate"],
)
IDENTITIES = Gauge("forewarn_monitor_identities", "Events this process knows again when they come twice.")
IDENTITIES_DROPPED = Counter(
    "forewarn_monitor_identities_dropped_total", "Identities let go early because of FOREWARN_SEEN_LIMIT; events of their time are late."
)
COMPONENTS_REFUSED = Counter(
    "forewarn_monitor_components_refused_total", "Events a rule did not count because of FOREWARN_COMPONENT_LIMIT, once a rule."
)
RULES_READ = Gauge(
    "forewarn_monitor_rules_read",
    "0 when rules.yml, or what was published in its place, had a mistake as it was read last, and does not count; else 1.",
)
INCIDENTS_OPENED = Counter("forewarn_monitor_incidents_opened_total", "Incidents opened.", ["severity"])
INCIDENTS_ENDED = Counter(
    "forewarn_monitor_incidents_ended_total", "Incidents ended: by evidence or a person, withdrawn, or dismissed.", ["how", "severity"]
)
AFFECTED = Counter("forewarn_monitor_affected_customers_total", "Customers found to be affected, once per incident.")
INCIDENTS_OPEN = Gauge("forewarn_monitor_open_incidents", "Incidents open now; NaN while the database does not say.")
INCIDENTS_SILENT = Gauge(
    "forewarn_monitor_silent_incidents", "Open incidents whose component says nothing; NaN while the database does not say."
)
CUSTOMERS_IN_TROUBLE = Gauge("forewarn_monitor_open_incident_customers", "Customers the open incidents touch, once per incident.")
ALIASES = Gauge("forewarn_monitor_aliases", "Other names of customers that this process remembers.")
ALIAS_CLAIMS = Counter(
    "forewarn_monitor_alias_claims_total",
    "Claims that a name is a customer's, by what came of them; moved: another customer had claimed it before.",
    ["outcome"],
)
RISKS_RAISED = Counter("forewarn_monitor_risks_raised_total", "Risks of single customers raised.", ["rule"])
RISKS_CLEARED = Counter("forewarn_monitor_risks_cleared_total", "Risks of single customers cleared, by why.", ["rule", "reason"])
RISKS_OPEN = Gauge("forewarn_monitor_open_risks", "Customers at risk now; NaN while the database does not say.", ["rule"])
RISK_ACTIONS = Counter(
    "forewarn_monitor_risk_actions_total",
    "Actions of risks by kind and what became of them: asked (of notifier or ticketing), answered or failed (webhooks), withheld.",
    ["kind", "status"],
)
WEBHOOK_CALLS = Counter(
    "forewarn_monitor_webhook_calls_total",
    "Calls of the webhooks in actions.yml: taken, or refused, which are made again.",
    ["name", "outcome"],
)
CALL_OUTCOMES = ("taken", "refused")
MUTED = Counter(
    "forewarn_monitor_muted_total", "Trouble that opened no incident, by what muted it: maintenance, or the incident of a parent.", ["by"]
)
FOUND_AFTER = Histogram(
    "forewarn_monitor_found_after_seconds",
    "From an incident's first bad event to its opening, on a live stream.",
    buckets=(0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 900),
)

RULES_READ.set(1)
for _fate in FATES:
    EVENTS.labels(_fate)
for _why in Why:
    for _way in Way:
        REKEYED.labels(_why, _way)
for _outcome in Outcome:
    ALIAS_CLAIMS.labels(_outcome)
for _severity in get_args(Severity):
    INCIDENTS_OPENED.labels(_severity)
    for _how in sorted(ENDS):
        INCIDENTS_ENDED.labels(_how, _severity)
for _by in By:
    MUTED.labels(_by)
