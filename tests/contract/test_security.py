"""SECURITY.md is true: its table is asked of every route as every caller, and each other line has tests that prove it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from deploy import topics
from services.console.__main__ import service as console
from services.console.settings import ConsoleSettings
from services.monitor.__main__ import service as monitor
from services.monitor.settings import MonitorSettings
from services.notifier.__main__ import service as notifier
from services.notifier.settings import NotifierSettings
from services.ticketing.__main__ import service as ticketing
from services.ticketing.settings import TicketingSettings
from tests.security_page import Row, covers, row_with, section, table

ROOT = Path(__file__).parent.parent.parent
ROLES = ("producer", "agent", "operator")
CALLERS = ("anonymous", *ROLES)  # of REST
ELSEWHERE = ("Kafka writer", "database role")

# Some rows speak of those who do not call by REST: these tests show what they say, by title and caller.
OUTBOX = [
    "unit/shared/test_outbox.py::test_a_fact_goes_to_its_topic_keyed_by_what_it_is_about",
    "unit/shared/test_outbox.py::test_the_relay_publishes_bytes_and_headers_as_they_are_in_order_and_deletes_what_was_accepted",
]
CELLS = {
    ("say what happened in the product", "database role"): OUTBOX,
    ("ask for support in a customer's name", "database role"): OUTBOX,
    ("say who is a customer, and who is erased", "database role"): OUTBOX,
    ("speak as a service: open and end incidents, have customers told", "database role"): OUTBOX,
    ("put a dead letter, whose record an operator may send back", "database role"): OUTBOX,
    ("say what happened in the product", "Kafka writer"): [
        "flow/test_monitor_finds.py::test_an_outage_is_one_incident_that_touches_exactly_its_137_victims"
    ],
    ("ask for support in a customer's name", "Kafka writer"): [
        "flow/test_ticketing_requests.py::test_a_request_becomes_a_ticket_with_what_the_customer_said"
    ],
    ("say who is a customer, and who is erased", "Kafka writer"): [
        "flow/test_notifier_objects.py::test_a_customer_the_directory_learns_of_in_time_is_told_at_once",
        "flow/test_notifier_directory.py::test_an_erasure_is_for_good_whatever_its_stamp_and_whatever_comes_after_it",
    ],
    ("speak as a service: open and end incidents, have customers told", "Kafka writer"): [
        "flow/test_notifier_tells.py::test_exactly_the_customers_of_an_impact_are_told_and_get_the_all_clear"
    ],
    ("put a dead letter, whose record an operator may send back", "Kafka writer"): [
        "unit/local/test_dlq.py::test_a_letter_goes_back_as_it_came_and_once"
    ],
    ("note that a dead letter was sent back", "database role"): OUTBOX,
    ("note that a dead letter was sent back", "Kafka writer"): ["unit/local/test_dlq.py::test_a_letter_goes_back_as_it_came_and_once"],
    ("read and change what one service stores", "database role"): [
        "unit/deploy/test_roles.py::test_a_service_finds_its_tables_without_naming_its_schema_and_may_write_and_make_more"
    ],
    ("read or change what another service stores, make roles or databases", "database role"): [
        "unit/deploy/test_roles.py::test_a_role_can_do_nothing_beyond_its_part"
    ],
}

# These tests show the lines of "What limits them", by how they begin.
LIMITS = {
    "**Callers**": [
        "unit/shared/test_http_limits.py::test_above_the_limit_the_connection_that_waits_longest_is_let_go_and_a_newcomer_gets_in",
        "unit/shared/test_http_limits.py::test_beyond_so_many_requests_at_once_it_is_503_with_retry_after_and_health_answers",
        "unit/shared/test_http_limits.py::test_a_body_that_does_not_arrive_in_time_is_408",
        "flow/test_answers.py::test_every_answer_is_bounded_with_the_largest_data_there_can_be",
        "flow/test_idempotency_keys.py::test_each_caller_has_keys_of_its_own",
        "flow/test_named_callers.py::test_two_products_that_use_the_same_idempotency_key_both_count",
    ],
    "**Anonymous**: without a valid token": [
        "flow/test_bodies.py::test_the_token_is_looked_at_before_the_body_is_read",
        "flow/test_bodies.py::test_every_other_path_needs_one_whether_it_is_there_or_not",
    ],
    "**Tokens** have 256 random bits": [
        "unit/shared/test_tokens.py::test_a_token_says_its_role_then_256_bits_then_a_checksum_of_both",
        "unit/local/test_tokens.py::test_neither_the_file_nor_the_list_has_any_part_of_a_token",
        "unit/shared/test_tokens_file.py::test_a_token_works_before_the_moment_it_ends_at_and_not_from_then_on",
        "unit/shared/test_tokens_file.py::test_a_change_counts_a_second_later",
        "unit/shared/test_tokens_file.py::test_a_broken_file_leaves_everybody_their_token_and_is_an_error_in_log_and_metrics",
        "flow/test_named_callers.py::test_a_caller_comes_in_once_it_has_a_token_and_is_out_once_it_has_lost_it",
    ],
    "**Tokens** are in no log": [
        "flow/test_named_callers.py::test_no_token_is_in_any_log_whatever_is_done_with_it",
        "unit/shared/test_tokens.py::test_a_token_with_any_figure_changed_is_none",
        "unit/shared/test_tokens.py::test_nobody_is_called_like_forewarn_or_a_role_neither_by_a_token_nor_by_whoever_acts_for_others",
    ],
    "**Acting for others**": [
        "flow/test_named_callers.py::test_what_is_done_was_done_by_the_name_of_the_token_or_by_whom_a_trusted_caller_acts_for",
        "flow/test_named_callers.py::test_whoever_acts_for_others_has_its_own_role_and_no_more",
        "flow/test_named_callers.py::test_who_may_not_act_for_others_is_told_so_and_nothing_is_done",
    ],
    "**A link of a mail**": [
        "unit/notifier/test_links.py::test_a_link_changed_anywhere_is_none",
        "unit/notifier/test_links.py::test_the_seal_of_one_right_is_not_that_of_another",
        "flow/test_notifier_rest.py::test_looking_at_the_page_ends_nothing",
        "unit/shared/test_public_pages.py::test_nothing_else_is_there_whoever_asks",
        "unit/shared/test_public_pages.py::test_connections_without_end_on_the_public_port_push_nobody_out_of_the_api",
    ],
    "**Console, signing in**": [
        "flow/test_console_sign_in.py::test_after_some_failures_the_next_try_must_wait_from_anywhere_and_a_success_resets_the_name",
        "flow/test_console_sign_in.py::test_what_is_not_right_says_the_same_whoever_it_is_of",
        "unit/console/test_ways_in.py::test_the_wait_doubles_after_the_failures_that_cost_nothing_up_to_five_minutes",
        "unit/console/test_ways_in.py::test_a_request_comes_from_the_nearest_address_that_is_no_proxy_of_ours",
        "flow/test_console_throttle.py::test_nobody_behind_a_proxy_chooses_the_address_they_come_from",
        "flow/test_console_throttle.py::test_nobody_is_locked_out_of_their_own_browser_by_those_who_try_their_name",
        "flow/test_console_throttle.py::test_an_address_that_guesses_waits_whatever_names_it_makes_up_and_no_other_address_does",
    ],
    "**Console, sessions**": [
        "flow/test_console_sign_in.py::test_the_cookie_is_for_this_host_alone_and_no_script_reads_it_and_only_its_digest_is_stored",
        "flow/test_console_sign_in.py::test_a_session_ends_after_an_hour_without_use",
        "flow/test_console_sign_in.py::test_a_session_ends_after_twelve_hours_of_use",
        "flow/test_console_sign_in.py::test_what_changes_a_person_ends_their_sessions_and_nobody_elses",
        "flow/test_console_sign_in.py::test_looking_at_a_link_does_not_use_it_up_and_the_button_does",
        "flow/test_console_fixation.py::test_of_many_who_use_one_link_at_once_one_comes_in",
        "flow/test_console_fixation.py::test_an_id_that_was_planted_before_signing_in_is_no_session_afterwards",
        "flow/test_console_trusted.py::test_nobody_is_let_in_by_a_header_that_the_proxy_did_not_set",
        "flow/test_console_trusted.py::test_the_groups_that_the_proxy_names_give_the_role",
    ],
    "**Console, forms**": [
        "unit/console/test_ways_in.py::test_a_form_comes_from_a_page_of_ours_or_is_refused",
        "flow/test_console_fixation.py::test_a_form_that_does_not_come_from_a_page_of_ours_does_nothing",
        "flow/test_console_matrix.py::test_no_form_of_another_site_gets_in_anywhere",
    ],
    "**Console, viewers**": [
        "flow/test_console_masking.py::test_what_agents_see_of_customers_is_hidden_from_viewers_on_every_page",
        "flow/test_console_masking.py::test_an_id_that_is_a_mail_address_is_on_no_page_of_a_viewer",
        "flow/test_console_sign_in.py::test_a_viewer_sees_personal_data_for_15_minutes_and_says_why",
    ],
    "**Console, audit log**": [
        "flow/test_console_matrix.py::test_each_act_is_done_and_audited_for_who_has_its_role_and_for_nobody_else",
        "flow/test_console_acting.py::test_the_owner_is_asked_for_the_person_and_the_audit_log_says_what_changed",
        "flow/test_console_acting.py::test_an_act_whose_process_was_killed_has_its_line_after_its_lease",
        "flow/test_console_people_rest.py::test_every_change_is_in_the_audit_log_and_says_nothing_of_a_password",
    ],
    "**Console, pages**": [
        "flow/test_console_masking.py::test_every_page_says_to_the_browser_that_it_loads_and_sends_nothing_elsewhere",
        "browser/test_injections.py::test_no_text_of_an_event_is_more_than_text",
        "browser/test_injections.py::test_what_people_type_is_shown_to_them_as_text",
    ],
    "**Hooks**: what is not signed": [
        "flow/test_monitor_hooks.py::test_what_is_not_signed_is_401_and_nothing_is_written",
        "flow/test_monitor_hooks.py::test_a_signature_counts_for_five_minutes_of_the_databases_clock",
        "flow/test_monitor_hooks.py::test_where_no_hook_is_called_so_a_stranger_needs_a_token_and_a_producer_learns_it",
        "unit/monitor/sources/hooks/test_grafana.py::test_its_signature_is_over_the_bytes_as_they_came",
    ],
    "**Hooks**: large bodies": [
        "flow/test_monitor_hooks.py::test_large_bodies_of_strangers_push_out_no_producer",
        "flow/test_monitor_hooks.py::test_a_hook_without_its_secret_stops_the_start",
        "flow/test_monitor_hooks.py::test_outside_demo_a_secret_that_is_none_stops_the_start",
    ],
    "**Producer**: an event may have": [
        "flow/test_bodies.py::test_a_declared_length_above_the_limit_is_413_before_anything_is_read",
        "flow/test_monitor_rest.py::test_an_event_that_cannot_be_read_is_refused_with_its_reason",
    ],
    "**Producer**: however many": [
        "unit/monitor/test_strangers.py::test_150_000_distinct_components_are_held_up_to_the_limit_and_a_named_one_is_still_counted",
        "unit/monitor/test_strangers.py::test_a_named_component_is_never_pushed_out_by_strangers",
    ],
    "**Customers** hear only": [
        "flow/test_notifier_tells.py::test_an_incident_nobody_announced_tells_nobody",
        "flow/test_notifier_objects.py::test_the_fourth_within_an_hour_is_capped_and_an_hour_later_is_told_again",
        "flow/test_notifier_objects.py::test_the_erased_are_never_told_again_even_when_somebody_brings_them_back",
        "flow/test_notifier_objects.py::test_consent_is_asked_again_at_every_try",
    ],
    "**Words** of a product system": [
        "contract/test_channels.py::test_no_words_make_a_header_or_a_recipient_of_their_own",
        "unit/test_foreign_words.py::test_no_mail_has_a_link_of_somebody_elses",
        "unit/test_foreign_words.py::test_a_component_that_is_no_plain_word_is_a_part_of_our_service",
        "flow/test_notifier_tells.py::test_whoever_names_a_component_does_not_write_to_its_customers",
        "unit/notifier/test_texts.py::test_the_html_shows_what_the_text_says_and_nothing_in_it_is_markup",
    ],
    "**Templates** of words": [
        "unit/notifier/test_template_bounds.py::test_a_template_that_does_more_than_show_fields_is_refused_when_it_is_read",
        "unit/notifier/test_template_bounds.py::test_a_template_that_eats_memory_or_time_ends_with_its_process",
        "unit/notifier/test_template_bounds.py::test_a_page_runs_nothing_loads_nothing_strange_and_leads_to_the_web_and_to_mailboxes_only",
    ],
    "**Kafka writer**: no record": [
        "unit/shared/test_foreign_streams.py::test_ten_thousand_records_that_do_not_decode_stop_nothing",
        "unit/shared/test_foreign_streams.py::test_a_handler_that_fails_on_every_record_of_others_does_not_stop_them",
        "faults/test_records.py::test_bytes_that_are_no_event_and_headers_that_are_no_text_become_one_dead_letter_each",
    ],
    "**Kafka writer**: who writes rubbish": [
        "unit/shared/test_brake.py::test_an_engaged_brake_shows_reasons_and_samples_in_readyz_in_its_table_and_in_the_log",
        "unit/shared/test_brake.py::test_a_release_tries_again_and_judges_anew",
    ],
    "**Kafka writer**: a dead letter": [
        "unit/local/test_hostile_letters.py::test_a_receipt_among_the_letters_marks_nothing_and_is_shown_as_no_letter",
        "unit/local/test_hostile_letters.py::test_whatever_is_written_there_the_commands_end_well_and_a_letter_of_ours_goes_back",
    ],
    "**Database role**: a service's role": [
        "unit/deploy/test_roles.py::test_a_role_can_do_nothing_beyond_its_part",
        "unit/deploy/test_roles.py::test_a_role_enters_no_other_database",
        "unit/deploy/test_roles.py::test_a_role_of_nobody_cannot_even_connect_and_keeps_the_other_databases_that_it_could_enter",
        "e2e/test_init.py::test_no_role_can_do_anything_beyond_its_part_on_the_server_that_is_shipped",
    ],
    "**Database role**: it cannot take": [
        "unit/deploy/test_roles.py::test_a_role_cannot_take_the_connections_of_the_others",
        "flow/test_roles_apart.py::test_a_ticket_is_made_while_monitors_role_holds_all_the_sessions_it_can_get",
        "flow/test_roles_apart.py::test_a_ticket_is_made_while_the_queue_of_notifications_is_full",
        "flow/test_roles_apart.py::test_advisory_locks_of_another_stop_neither_relay_nor_migration",
    ],
    "**Connections**": [
        "unit/shared/test_brokers.py::test_outside_demo_what_logs_in_crosses_the_network_in_clear_only_if_that_is_said",
        "unit/shared/test_settings.py::test_outside_demo_no_password_goes_to_another_machine_in_clear",
        "unit/shared/test_settings.py::test_outside_demo_no_mail_goes_to_another_machine_in_clear_unless_that_is_said",
        "unit/shared/test_tls.py::test_a_server_is_who_its_certificate_says",
        "faults/test_secured.py::test_every_kind_of_client_gets_in_by_each_way_to_log_in",
        "faults/test_secured_postgres.py::test_who_does_not_fit_the_servers_certificate_or_shows_none_is_not_let_in",
    ],
    "**Passwords**": ["unit/deploy/test_roles.py::test_the_verifier_proves_the_servers_side_of_rfc_7677s_example"],
    "**Secrets**": [
        "unit/deploy/test_environment.py::test_a_secret_can_be_a_file_and_the_file_wins",
        "unit/shared/test_settings.py::test_outside_demo_each_required_secret_that_is_none_is_refused",
        "unit/shared/test_settings.py::test_two_equal_secrets_are_refused_by_both_names",
        "unit/shared/test_settings.py::test_a_process_that_refuses_to_start_shows_no_secret",
        "unit/deploy/test_secrets.py::test_the_first_run_makes_every_secret_long_and_readable_by_all_who_hold_its_volume",
        "unit/deploy/test_secrets.py::test_no_two_secrets_are_equal_but_those_that_are_one",
    ],
    "**Containers**": [
        "unit/deploy/test_compose.py::test_it_runs_read_only_without_privileges_and_stops_in_time",
        "unit/deploy/test_compose.py::test_the_image_is_not_root_installs_by_hash_only_and_says_when_it_is_ready",
        "unit/deploy/test_compose.py::test_what_it_publishes_stays_on_this_machine",
        "unit/deploy/test_compose.py::test_it_is_in_the_networks_of_its_part",
    ],
    "**Packages**": ["unit/deploy/test_locks.py::test_every_package_has_an_exact_version_and_hashes_and_no_host_is_named"],
    "**Personal data**": [
        "unit/deploy/test_topics.py::test_nothing_but_the_directory_is_kept_for_more_than_thirty_days",
        "unit/deploy/test_topics.py::test_what_erased_customers_were_is_compacted_away_within_a_day",
        "flow/test_retention.py::test_every_table_is_kept_for_a_time_or_is_bounded_by_nature",
        "flow/test_notifier_erases.py::test_nothing_of_the_erased_is_left_in_any_table",
        "contract/test_personal.py::test_every_table_that_can_hold_text_is_erased_or_known_to_be_free_of_it",
        "flow/test_erasure_everywhere.py::test_no_row_of_any_table_holds_a_word_of_an_erased_customer_also_after_a_replay",
        "unit/local/test_dlq.py::test_no_word_of_an_erased_customer_is_shown_or_sent_back",
    ],
    "**Logs**": [
        "unit/shared/test_log_lines.py::test_a_record_is_one_line_that_can_be_seen_and_ends",
        "unit/shared/test_log_lines.py::test_an_error_of_postgres_is_told_without_the_row",
        "unit/shared/test_log_lines.py::test_an_error_that_followed_one_of_postgres_is_told_without_the_row_too",
        "unit/shared/test_log_lines.py::test_a_warning_is_told_by_its_place_unless_its_kind_quotes_code_alone",
        "unit/shared/test_log_lines.py::test_a_mail_address_in_any_text_loses_whose_it_is",
    ],
    "**Terminal**": [
        "unit/local/test_terminal.py::test_nothing_of_the_command_line_prints_by_another_way",
        "unit/local/test_terminal.py::test_a_story_is_drawn_without_its_escapes_and_no_word_of_it_is_markup",
    ],
    "**Chat addresses**": [
        "unit/notifier/channels/test_hosts.py::test_each_provider_takes_its_own_addresses_and_no_others",
        "unit/notifier/channels/test_chat.py::test_a_redirect_is_not_followed",
        "unit/notifier/channels/test_chat.py::test_whatever_the_text_is_it_is_taken_and_calls_nobody",
    ],
    "**Customers' endpoints**": [
        "unit/shared/test_webhook_guard.py::test_the_canary_hears_nothing",
        "unit/shared/test_webhook_guard.py::test_a_name_that_changes_its_address_is_connected_to_at_the_address_that_was_checked",
        "flow/test_notifier_webhooks.py::test_a_redirect_is_never_followed",
    ],
    "**Secrets of endpoints**": [
        "flow/test_notifier_endpoints.py::test_no_secret_is_in_the_database_and_neither_secret_nor_url_in_the_log",
    ],
    "**Webhooks of one's own**": [
        "flow/test_monitor_actions.py::test_the_call_is_signed_as_standard_webhooks_says_with_each_secret",
        "flow/test_monitor_actions.py::test_any_other_answer_leaves_the_risk_open",
        "unit/monitor/actions/test_webhooks.py::test_a_key_has_24_to_64_bytes",
    ],
}


# ── the page ─────────────────────────────────────────────────────────────────────────────────


ROWS = table("Who may do what")
LINES = [line.removeprefix("- ") for line in section("What limits them").splitlines() if line.startswith("- ")]


def row_of(route: str) -> Row:
    """Returns the one row that has it."""
    return row_with(ROWS, route)


def test_the_table_speaks_of_every_caller_and_says_yes_or_no() -> None:
    for row in ROWS:
        assert tuple(row.says) == (*CALLERS, *ELSEWHERE)
        assert set(row.says.values()) <= {"yes", "no", "–"}


# ── REST ─────────────────────────────────────────────────────────────────────────────────────

SECRETS = {f"{name}_token": f"{name}-{'0123456789abcdef' * 2}" for name in ROLES} | {
    "link_secret": "link-" + "fedcba9876543210" * 2,
    "database_password": "database-" + "02468ace13579bdf" * 2,
}


CONSOLE_TOKEN = "console-" + "13579bdf02468ace" * 2
PAGES = "pages"  # what notifier shows everybody, on a port of its own


@cache
def apps() -> dict[str, Any]:
    """Returns the services as they run in production, but for their database, which nobody has opened."""
    return {
        "console": console(ConsoleSettings(**SECRETS, console_token=CONSOLE_TOKEN)).app(),  # type: ignore[arg-type]
        "monitor": monitor(MonitorSettings(**SECRETS)).app(),  # type: ignore[arg-type]
        "notifier": notifier(NotifierSettings(**SECRETS)).app(),  # type: ignore[arg-type]
        PAGES: notifier(NotifierSettings(**SECRETS)).public_app(),  # type: ignore[arg-type]
        "ticketing": ticketing(TicketingSettings(**SECRETS)).app(),  # type: ignore[arg-type]
    }


def routes() -> Iterator[tuple[str, str]]:
    """Yields every route of every service."""
    for name, app in apps().items():
        for route in iter_route_contexts(app.routes):
            assert route.path is not None
            yield from ((name, f"{method} {route.path}") for method in sorted(route.methods or ()) if method != "HEAD")


ROUTES = list(routes())


def test_every_route_is_in_one_row_of_the_table_and_every_entry_is_a_route_or_a_topic() -> None:
    assert len(ROUTES) > 40
    rows = [row_of(route) for _, route in ROUTES]
    everything = {route for _, route in ROUTES} | set(topics.read())
    assert [way for row in ROWS for way in row.ways if not any(covers(way, each) for each in everything)] == []
    for row in ROWS:
        assert (row in rows) == ("–" not in [row.says[caller] for caller in CALLERS]), row.title


async def answers(app: Any, route: str, *authorizations: str | None) -> list[int]:
    """Returns what the route answers to each of these."""
    method, path = route.split(" ")
    path = re.sub(r"\{[\w:]+\}", "1", path)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service") as client:
        headers = [{"authorization": each} if each is not None else {} for each in authorizations]
        return [(await client.request(method, path, headers=each)).status_code for each in headers]


@pytest.mark.parametrize(("service", "route"), ROUTES, ids=[" ".join(each) for each in ROUTES])
async def test_a_route_lets_in_whom_the_table_says_and_nobody_else(service: str, route: str) -> None:
    says = row_of(route).says
    strangers = (None, "Bearer wrong", "Bearer ", "", f"Basic {SECRETS['operator_token']}", f"Bearer {SECRETS['link_secret']}")
    for status in await answers(apps()[service], route, *strangers):
        assert (status not in (401, 403)) if says["anonymous"] == "yes" else status == 401
    for role in ROLES:
        [status] = await answers(apps()[service], route, f"Bearer {SECRETS[f'{role}_token']}")
        assert (status not in (401, 403)) if says[role] == "yes" else status == 403, role


@pytest.mark.parametrize("service", sorted(apps().keys() - {PAGES}))
async def test_a_path_that_no_route_has_needs_a_token_all_the_same(service: str) -> None:
    paths = (
        "/v1",
        "/docs/",
        "/docs/swagger-ui.js",
        "/v1/nothing",
        "/redoc",
        "/u",
        "/livez/x",
        "/metrics/x",
        "/u/x/y",
        "http://service//livez",
    )
    for path in paths:
        [anonymous, known] = await answers(apps()[service], f"GET {path}", None, f"Bearer {SECRETS['operator_token']}")
        assert (anonymous, known) == (401, 404), path


async def test_on_the_port_of_the_pages_there_is_nothing_but_pages() -> None:
    assert {route for service, route in ROUTES if service == PAGES} == {"GET /u/{token}", "POST /u/{token}", "GET /livez"}
    for service, route in ROUTES:
        if service != PAGES and route != "GET /livez":
            assert await answers(apps()[PAGES], route, f"Bearer {SECRETS['operator_token']}") in ([404], [405]), route


# ── Kafka, Postgres, and the other lines ─────────────────────────────────────────────────────


def test_every_topic_is_in_one_row_of_the_table() -> None:
    for topic in topics.read():
        assert row_of(topic).says["Kafka writer"] == "yes"


def test_every_cell_that_is_not_asked_of_a_route_has_tests() -> None:
    said = {(row.title, caller) for row in ROWS for caller in ELSEWHERE if row.says[caller] != "–"}
    assert said == CELLS.keys()


def test_every_limit_has_tests() -> None:
    assert len(LINES) == len(LIMITS)
    for line in LINES:
        assert len([beginning for beginning in LIMITS if line.startswith(beginning)]) == 1, line


@cache
def functions_of(file: str) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse((ROOT / "tests" / file).read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("name", sorted({name for names in (*CELLS.values(), *LIMITS.values()) for name in names}))
def test_a_test_that_proves_a_line_is_there(name: str) -> None:
    file, _, test = name.partition("::")
    assert test in functions_of(file)
