"""Each named query is explained with these parameters, as SQL; with several where what is given decides the plan.

`-` stands for a query that touches no table of ours.
"""

from tests.contract.plans.console import CONSOLE
from tests.contract.plans.monitor import MONITOR
from tests.contract.plans.notifier import NOTIFIER
from tests.contract.plans.values import LEASE, WHEN

OPEN_WORK = "'breach_first_response', 'r-7'"
SOME_WORK = f"ARRAY['breach_first_response'], ARRAY['r-1'], ARRAY[{LEASE}]"

# These are constants of shared/, by module; they run in every service.
SHARED: dict[str, dict[str, str]] = {
    "outbox": {
        "WRITE": "ARRAY['t'], ARRAY[''::bytea], ARRAY[''::bytea], '{}', '{}', 0",
        "OLDEST": "0, 5, 2000",
        "DELETE": "ARRAY[1, 2]::bigint[]",
        "FREE": "0",
        "HOLD": "0",
        "LEAD": "0",
        "RUNNING": "-",
    },
    "erasing": {
        "LOCK": "-",
        "ERASED": "ARRAY[''::bytea]",
        "ERASURE": "''::bytea",
        "FIND": "ARRAY[''::bytea]",
        "HOLD": "-",
        "ANY": "-",  # stops at the first row
        "REMEMBER": "'', now(), '', '{}'",
    },
    "customers_api": {  # what goes around the statements of each service's PERSONAL, which are explained below
        "ROWS": "-",
        "RAW": "-",
    },
    "unsent": {
        "NAMES": "-",  # a part of statements; tests/flow/test_erasing.py runs each whole one
        "FIND": "-",
        "REPLACE": "-",
        "DELETE": "-",
        "SHOW": "'c-1'",
    },
    "postgres": {
        "MIGRATED": "-",
        "CHANNELS": "",
    },
    "brake": {
        "ENGAGE": "'s', 't', ARRAY[0], '{}', '[]'",
        "OURS": "'s', 't', ARRAY[0]",
        "UNTIL": "'s', 't', 0, 1",
        "END": "'s', 't', ARRAY[0]",
        "RELEASE": "'s', 't', 'retry'",
        "ENGAGED": "'s'",
    },
    "unpublished": {
        "PUT_ASIDE": "ARRAY[1]::bigint[], ARRAY['r']",
        "SEND_AGAIN": "'t'",
        "WAITING": "",
    },
    "timers": {
        "SCHEDULE": "'k', ARRAY['r-1'], ARRAY[now()]",
        "CANCEL": OPEN_WORK,
        "CLAIM": f"'breach_first_response', {LEASE}, interval '30 seconds', 8",
        "SETTLE": f"{OPEN_WORK}, {LEASE}",
        "AGAIN": f"{OPEN_WORK}, {LEASE}, now()",
        "RENEW": f"{OPEN_WORK}, {LEASE}, interval '30 seconds'",
        "OURS": SOME_WORK,
        "SETTLE_MANY": SOME_WORK,
        "AGAIN_MANY": f"{SOME_WORK}, ARRAY[now()]",
        "RENEW_MANY": f"{SOME_WORK}, interval '30 seconds'",
        "RETURN": f"{OPEN_WORK}, {LEASE}, interval '30 seconds', 1",
        "NEXT": "'breach_first_response'",
        "LATE": "",
    },
    "due_aside": {
        "PUT_ASIDE": f"{OPEN_WORK}, {LEASE}, 'ValueError'",
        "RETRY": "'breach_first_response', NULL",
        "WAITING": "",
    },
    "measuring": {
        "OUTBOX": "",
        "DUE": "ARRAY['breach_first_response', 'tidy_tickets']",
    },
    "retention": {  # the heads of statements; tests/flow/test_retention.py explains each whole one
        "UPDATE": "-",
        "DELETE": "-",
    },
    "offsets": {
        "WHERE": "'s', 't', ARRAY[0, 1]",
        "BEGIN": "'s', 't', 1, 0, 'id'",
        "IDENTIFY": "'s', 't', 1, 0, 'id'",
        "ADVANCE": "'s', 't', ARRAY[0], ARRAY[0], ARRAY[1]",
    },
    "api": {
        "ANSWERED": "'k-1', 'POST /v1/tickets', 'agent'",
        "CLAIM_KEY": "'k', 'r', 'agent', ''",
        "KEEP_ANSWER": "'k-1', 'r', 'agent', 201, '', NULL",
    },
}


OF_ONE_CUSTOMER = [
    name
    for each in ("messages", "links", "suggestions", "clocks", "history", "tickets", "impact", "pieces", "told")
    for name in (each, f"erase_{each}")
]

TICKETING: dict[str, str | tuple[str, ...]] = {
    "now": "-",
    "known_messages": "ARRAY['m-1', 'm-2']",
    "next_numbers": "-",
    "continued": "ARRAY['c-7919'], ARRAY['1001']",
    "candidates": f"ARRAY['t-1'], ARRAY['c-7919'], {WHEN}",
    "unlinked_between": "400990, 400999",
    "unlinked_of": f"ARRAY['c-1', 'c-2'], {WHEN}",
    "ended_unnoticed": "400990, 400999",
    "linked_to_ended": "'i-7', 1, 1000",
    "been_through": "'i-7', 1, ARRAY['t-1', 't-2']",
    "more_to_end": "'i-7', 1",
    "drop_suggestions": "'i-7', 1000",
    "ticket": "'t-1', NULL",
    "touched": "'t-7'",
    "knows_risk_is_over": "'t-7'",
    "silent": f"{WHEN}, 500",
    "long_resolved": f"{WHEN}, 500",
    "link_of": "'t-4', 'i-1'",
    "made_by": "'m-1'",
    "save_tickets": "ARRAY['t'], ARRAY[1]::bigint[], ARRAY['c'], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''],"
    " ARRAY[now()], ARRAY[now()], ARRAY['open'], ARRAY[NULL], now()",
    "save_clocks": "ARRAY['t-1'], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()],"
    " ARRAY[''], ARRAY[true]",
    "answers_since": "'t-1', 'm-1'",
    "save_messages": "ARRAY['m'], ARRAY['t-1'], ARRAY[now()], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY['']",
    "save_link": "'t-1', 'i-1', '{}', now(), now(), now(), '', '', 1",
    "save_suggestion": "'t-1', 'i-1', 0.1, '{}', now()",
    "drop_suggestion": "'t-1', 'i-1'",
    "suggestion": "'t-1', 'i-1'",
    "remember": "ARRAY['t-1'], ARRAY[now()], ARRAY[''], ARRAY['agent'], ARRAY[''], ARRAY['{}'::jsonb]",
    "save_incident": "'i', 'r', 'c', 'high', '', now(), now(), 1, 'resolved', 1, true, 'f', 0",
    "incident": "'i-1'",
    "incident_held": "'i-1'",
    "linked_of_customers": "ARRAY['i-1', 'i-2'], ARRAY['c-1']",
    "take_out_of_impact": "'i-1', ARRAY['c-1']",
    "save_impact_to_match": "'f', 'i-1', ARRAY['c-1'], 0",
    "impact_to_match_of": "'i-7'",
    "impact_to_match": "'f-1'",
    "matched_impact": "'f-1'",
    "save_impact": "'i-1', ARRAY['c-1'], ARRAY['confirmed'], ARRAY[now()], ARRAY[now()], ARRAY[1]",
    "shown": ("'t-1', NULL", "'1001', 1001"),
    "listed": (
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 51",
        "200000, ARRAY['open', 'waiting'], NULL, NULL, NULL, NULL, NULL, NULL, 51",
        "NULL, NULL, 'c-7919', NULL, NULL, NULL, NULL, NULL, 51",
        "NULL, NULL, NULL, 'part-6', NULL, NULL, NULL, NULL, 51",
        "NULL, NULL, NULL, NULL, 'i-7', NULL, NULL, NULL, 51",
        "NULL, NULL, NULL, NULL, NULL, 'agent-3', NULL, NULL, 51",
        "NULL, NULL, NULL, NULL, NULL, NULL, 'word7', NULL, 51",
        "NULL, NULL, NULL, NULL, NULL, NULL, '1001', 1001, 51",
    ),
    "messages_of": ("'t-1', NULL, NULL, 51", "'t-1', now(), 'm-1', 51"),
    "message_of": "'t-1', 'm-1'",
    "links_of": ("'t-4', NULL, NULL, 51", "'t-4', now(), 'i-1', 51"),
    "suggestions_of": ("'t-5', NULL, NULL, 51", "'t-5', 0.1, 'i-1', 51"),
    "clocks_of": "'t-1'",
    "history_of": ("'t-1', NULL, 51", "'t-1', 7, 51"),
    "history_line": "'t-1', 7",
    "queues": ("NULL, NULL, 51", "'open', 'agent-3', 51"),
    **dict.fromkeys(OF_ONE_CUSTOMER, "'c-7919'"),
}

PARAMETERS = {"monitor": MONITOR, "notifier": NOTIFIER, "ticketing": TICKETING, "console": CONSOLE}
