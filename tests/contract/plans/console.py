"""The console's named queries are explained with these parameters, as `parameters.py` says."""

FROM_THE_NEWEST = "'9999-12-31', ''"
FROM_THE_FIRST = "'0001-01-01', ''"
DAY = "now() - interval '1 day', now()"
NO_PLACE = "NULL, NULL"
TO_WORK_ON = "ARRAY['open', 'in_progress']"
TICKETS = "ARRAY['t-1', 't-2']"

PEOPLE: dict[str, str | tuple[str, ...]] = {
    "record": "'ada', 'agent', 'reply', 'ticket:1', '{}', '{}', 'done', 'f'",
    "recorded": "'f-7', 'p-7'",
    "latest": (
        "NULL, NULL, NULL, NULL, 51",
        "NULL, 'p-7', NULL, NULL, 51",
        "NULL, NULL, 'act-7', NULL, 51",
        "NULL, NULL, NULL, 'ticket:7', 51",
        "1000, NULL, NULL, NULL, 51",
    ),
    "of_customer": "'c-7919'",
    "erase_customer": "'c-7919'",
    "add": "'ada', 'agent', NULL, NULL, 'olga'",
    "person": "'p-7'",
    "locked": "'p-7'",
    "of_subject": "'s-7'",
    "change": "'p-7', 'lead', NULL, NULL",
    "remove": "'p-7'",
    "listed": ("interval '12 hours', interval '1 hour', NULL, 51", "interval '12 hours', interval '1 hour', 'p-7', 51"),
    "begin": "'d', 'p-7', 'link'",
    "find": "sha256('7'), interval '12 hours', interval '1 hour'",
    "note_use": "sha256('7')",
    "find_named": "'p-7', ''",
    "seen": "'p-7'",
    "unmask": "sha256('7'), interval '15 minutes'",
    "unmask_named": "'', 'p-7', interval '15 minutes'",
    "end": "sha256('7')",
    "end_all": "'p-7'",
    "add_link": "'', 'p-7'",
    "link": "sha256('7'), interval '15 minutes'",
    "use_link": "sha256('7'), interval '15 minutes'",
    "begin_attempt": "'', '', '', '', '/'",
    "take_attempt": "sha256('7'), interval '10 minutes'",
    "know": "sha256('7'), 'p-8'",
    "knows": "sha256('7'), 'p-8', interval '90 days'",
    "failures": "sha256('7')",
    "fail": "ARRAY[''::bytea], ARRAY[1], ARRAY[interval '0']",
    "forget_failures": "sha256('7')",
    "take_back": "sha256('7')",
}

MODEL: dict[str, str | tuple[str, ...]] = {
    "incidents_known": "ARRAY['i-1', 'i-2']",
    "save_incidents": "ARRAY['i'], ARRAY['r'], ARRAY['c'], ARRAY['high'], ARRAY[''], ARRAY[''], ARRAY['open'], ARRAY[now()], ARRAY[now()],"
    " ARRAY[1], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[0], ARRAY['{}'::jsonb],"
    " ARRAY[now()], ARRAY[''], ARRAY['{}'::jsonb], ARRAY['i-2'], ARRAY['i-3']",
    "untouch": "ARRAY['i-1'], ARRAY['c-1']",
    "split_impact": "ARRAY['i-1', 'i-2'], 'i-3', ARRAY['c-1']",
    "merge_impact": "'i-1', 'i-2'",
    "split_from": "'i-1', 20",
    "others_open": "'i-7', 50",
    "corrected_incident": "'i-7'",
    "touch": "ARRAY['i-1'], ARRAY['c-1'], ARRAY['likely'], ARRAY[now()], ARRAY[now()], ARRAY[1], ARRAY[now()]",
    "tell": "ARRAY['i-1'], ARRAY['c-1'], ARRAY[now()], ARRAY[NULL], ARRAY['n-1']",
    "add_lines": "ARRAY['f'], ARRAY[now()], ARRAY['monitor'], ARRAY['w'], ARRAY['i-1'], ARRAY[NULL], ARRAY[NULL], ARRAY['{}'::jsonb],"
    " ARRAY['[]']",
    "settle_notifications": "ARRAY['n'], ARRAY['c-1'], ARRAY['opened'], ARRAY['i-1'], ARRAY[NULL], ARRAY['delivered'], ARRAY[NULL],"
    " ARRAY['email'], ARRAY[now()], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY['{}'::jsonb], ARRAY['']",
    "bounce": "ARRAY['n-7'], ARRAY[now()], ARRAY['address'], ARRAY['5.1.1']",
    "complain": "ARRAY['n-7'], ARRAY[now()]",
    "engage": "ARRAY['n-1'], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY['yes'], ARRAY[now()]",
    "put_customers": "ARRAY['c-1'], ARRAY[now()], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY['en'], ARRAY['UTC'], ARRAY['[]'],"
    " ARRAY['{}'::jsonb], ARRAY[''], ARRAY[0], ARRAY[NULL]::date[], ARRAY['[]']",
    "forget_customers": "ARRAY['c-1']",
    "tickets_known": TICKETS,
    "save_tickets": "ARRAY['t'], ARRAY[1], ARRAY['c'], ARRAY[now()], ARRAY[now()], ARRAY['open'], ARRAY[''], ARRAY[''], ARRAY[''],"
    " ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[now()], ARRAY[''],"
    " ARRAY[false], ARRAY[now()], ARRAY[0], ARRAY[now()], ARRAY['']",
    "add_messages": "ARRAY['m'], ARRAY['t-1'], ARRAY[now()], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[''], ARRAY[NULL]",
    "suggest": "ARRAY['t-1'], ARRAY['i-1'], ARRAY[0.1], ARRAY['[]'], ARRAY[now()]",
    "drop_suggestions": "ARRAY['t-1'], ARRAY['i-1']",
    "risks_of": "ARRAY['c-1', 'c-2']",
    "save_risks": "ARRAY['c-1'], ARRAY['r'], ARRAY[1], ARRAY['{}'::jsonb], ARRAY['[]'], ARRAY[now()], ARRAY[NULL]::timestamptz[],"
    " ARRAY[NULL], ARRAY[''], ARRAY['{}'::jsonb], ARRAY['k'], ARRAY[NULL],"
    " ARRAY[false], ARRAY[NULL], ARRAY['']",
    "save_candidates": "ARRAY['i-1'], ARRAY['r'], ARRAY['c'], ARRAY['t'], ARRAY['open'], ARRAY[5], ARRAY[now()], ARRAY[now()], ARRAY[''],"
    " ARRAY[''], ARRAY[NULL], ARRAY[2]",
    "keep_letters": "ARRAY['t'], ARRAY[1], ARRAY[1], ARRAY[now()], ARRAY['{}'::jsonb]",
    "letters": "",
}

# A rebuild takes over whole tables, once, beside those that serve.
REBUILDING = (
    *("take_incidents", "take_impact", "take_notifications", "take_told", "take_tickets", "take_messages", "take_suggestions"),
    *("take_risks", "take_candidates", "take_lines_of_monitor", "take_lines_of_ticketing"),
)

# These show and erase what is held of a customer.
OF_ONE_CUSTOMER = (
    *("drafts_about", "erase_drafts", "answers_awaited", "erase_awaited", "forms_about", "erase_forms"),
    *(
        name
        for each in ("entry", "messages", "suggestions", "lines", "tickets", "notifications", "impact", "risks")
        for name in (f"show_{each}", f"erase_{each}")
    ),
)

ACTING: dict[str, str | tuple[str, ...]] = {
    "claim": "'form-7', 'ada', 'ticket.reply', ''::bytea, 'agent', 'ticket:t-7', NULL",
    "sweep": "'nobody knows how it ended'",
    **dict.fromkeys(("claimed", "finish", "release", "forget"), "'f-7'"),
    "keep_awaited": "'ticket:t-7', 'form-7', 'c-7', '{}', 'ada', ''",
    "keep_draft": "'ada', 'ticket:t-7:reply', 't-7', 'text', 'form-7'",
    "rules_typed": "'ada'",
    "empty_draft": "'ada', 'ticket:t-7:reply', 't-7', 'form-7'",
    "going": "''::bytea, 'form-7', 'ada'",
}

LIVE: dict[str, str | tuple[str, ...]] = {
    "newest": "5000",
    "after": ("99000, 5000", "0, 5000"),
    "see": "ARRAY['t-7'], ARRAY[gen_random_uuid()], ARRAY['ada']",
    "leave": "ARRAY['t-7'], ARRAY[gen_random_uuid()]",
}

MEASURES: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("alarms", "lead_time", "telling", "work"), DAY),
    **dict.fromkeys(("incident_reach", "incident_telling", "incident_work"), "'i-7'"),
    "keep_figures": "'24h', now(), now(), '{}'",
    "kept_figures": "",
    "deliveries": "",
    "people": "",
}

PAGES: dict[str, str | tuple[str, ...]] = {
    "open_incidents": "50, 10001",
    "queue": "",
    "troubles": "10001",
    "list_incidents": (f"{FROM_THE_NEWEST}, 51", "now(), 'i-7', 51"),
    "list_open_incidents": (f"{FROM_THE_NEWEST}, 51", "now(), 'i-7', 51"),
    "list_ended_incidents": (f"{FROM_THE_NEWEST}, 51", "now(), 'i-7', 51"),
    "list_incidents_of_component": f"{FROM_THE_NEWEST}, 51, 'c-7'",
    "found_by_rules": "",
    "risks_by_score": ("'-Infinity', '', '', 51", "-0.7, 'r-7', 'c-7919', 51"),
    "risks_over": "50",
    "cases": "ARRAY['t-7', 't-8']",
    "one_incident": "'i-7', ARRAY['', 'capped', 'stale'], 10001",
    "happened_to_incident": "'i-7', 300, 1000, 3000",
    "tickets_of_incident": "'i-7', ARRAY['open', 'in_progress', 'waiting', 'resolved', 'closed'], 20",
    "affected_incident": "'i-7'",
    "affected_reasons": "'i-7', ARRAY['', 'capped', 'stale'], 10001",
    "affected_all": (f"'i-7', {FROM_THE_FIRST}, 51", "'i-7', now(), 'c-7', 51"),
    "affected_told": f"'i-7', {FROM_THE_FIRST}, 51",
    "affected_wrote": f"'i-7', {FROM_THE_FIRST}, 51",
    "affected_untold": f"'i-7', {FROM_THE_FIRST}, 51, 'capped'",
    "affected_shown": "'i-7', ARRAY['c-1', 'c-2', 'c-3']",
    "why_message": "'n-7'",
    "why_messages": "'c-7919', 'i-7'",
    "why_story": "'c-7919', 'i-7', ''::bytea",
    "why_incidents": "'c-7919'",
    "why_messages_of_customer": "'c-7919'",
    "customer": "'c-7919', ''::bytea",
    "happened_to_customer": (f"'c-7919', {NO_PLACE}, 51", "'c-7919', now(), 'i-7', 51"),
    "counts": "'p-7'",
    "waiting": (
        f"true, {TO_WORK_ON}, NULL, NULL, 1, '0001-01-01', 0, 51",
        f"true, {TO_WORK_ON}, NULL, NULL, 2, now(), 7, 51",
        f"false, {TO_WORK_ON}, NULL, NULL, 2, '0001-01-01', 0, 51",
        "true, ARRAY['waiting'], NULL, NULL, 1, '0001-01-01', 0, 51",
        f"true, {TO_WORK_ON}, '', NULL, 1, '0001-01-01', 0, 51",
        f"true, {TO_WORK_ON}, 'p-7', NULL, 1, '0001-01-01', 0, 51",
        f"true, {TO_WORK_ON}, NULL, '', 1, '0001-01-01', 0, 51",
        f"true, {TO_WORK_ON}, NULL, 'i-397', 1, '0001-01-01', 0, 51",
        f"false, {TO_WORK_ON}, 'p-7', 'i-397', 2, '0001-01-01', 0, 51",
    ),
    "found": ("'c-7', NULL, false", "'1007', 1007, false", "'a@example.com', NULL, true"),
    "incidents_titled": "'word', 1000",
    "ticket": "1007, 'ada'",
    "messages_of_ticket": (f"'t-7', {NO_PLACE}, 51", "'t-7', now(), 'm-7', 51"),
    "beside": "'c-7919', 't-7'",
}

CONSOLE: dict[str, str | tuple[str, ...]] = {
    **PEOPLE,
    **MODEL,
    **dict.fromkeys(REBUILDING, "-"),
    **dict.fromkeys(OF_ONE_CUSTOMER, "'c-7919'"),
    **ACTING,
    **LIVE,
    **MEASURES,
    **PAGES,
}
