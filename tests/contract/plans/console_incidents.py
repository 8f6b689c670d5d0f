"""The queries of the console's pages on incidents are explained with these parameters."""

FROM_THE_NEWEST = "'9999-12-31', ''"
FROM_THE_FIRST = "'0001-01-01', ''"

INCIDENTS: dict[str, str | tuple[str, ...]] = {
    "open_incidents": "50, 10001",
    "queue": "",
    "troubles": "10001",
    "list_incidents": (f"{FROM_THE_NEWEST}, 51", "now(), 'i-7', 51"),
    "list_open_incidents": (f"{FROM_THE_NEWEST}, 51", "now(), 'i-7', 51"),
    "list_ended_incidents": (f"{FROM_THE_NEWEST}, 51", "now(), 'i-7', 51"),
    "list_incidents_of_component": f"{FROM_THE_NEWEST}, 51, 'c-7'",
    "one_incident": "'i-7', ARRAY['', 'capped', 'stale'], 10001",
    "happened": "'i-7', 300, 1000, 3000",
    "tickets_of_incident": "'i-7', ARRAY['open', 'in_progress', 'waiting', 'resolved', 'closed'], 20",
    "affected_incident": "'i-7'",
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
}
