"""Requests of a real incident log become one ticket each, although ticketing is killed while it takes them."""

from pathlib import Path

from tests.containers import Kafka, Postgres
from tests.faults.servicenow import planned, replay_and_kill

LOG = Path(__file__).parent.parent / "fixtures" / "servicenow" / "incident_event_log.csv"
A_MONTH_IN_SECONDS = 500_000  # times as fast as it happened: so that there is a middle to kill it in


async def test_an_incident_log_becomes_one_ticket_an_incident_although_ticketing_is_killed_in_the_middle(
    kafka: Kafka, postgres_server: Postgres, tmp_path: Path
) -> None:
    plan = planned(str(LOG), A_MONTH_IN_SECONDS)
    outcome = await replay_and_kill(kafka, postgres_server, plan, tmp_path, [1], prefix="servicenow.")
    assert (outcome.rows, outcome.requests, outcome.tickets) == (65, 12, 12)
    assert outcome.clean, outcome
