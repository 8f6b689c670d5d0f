"""An agent works on a round's tickets by REST, so that response times, resolutions and reopenings are there to be measured."""

import httpx2 as httpx

from tests.faults.stack import TOKEN, Stack

AT_MOST = 8  # tickets a round
LINKED = """SELECT id FROM ticketing.tickets WHERE incident_id IS NOT NULL AND customer_id LIKE $1 AND status <> 'closed'
    ORDER BY number LIMIT $2"""


async def works(stack: Stack, customers: str) -> None:
    """Replies to tickets of these customers (their ids begin so) that an incident explains; every other is resolved, then reopened."""
    rows = await stack.rows(LINKED, f"{customers}%", AT_MOST)
    async with httpx.AsyncClient(
        base_url=stack.members["ticketing"].url, timeout=30, headers={"Authorization": f"Bearer {TOKEN.format(role='agent')}"}
    ) as agent:
        for place, row in enumerate(rows):
            await _act(agent, row["id"], "reply", body="We look at it.")
            if place % 2:
                await _act(agent, row["id"], "resolve", resolution="It works again.", unless=409)  # it may be resolved already
                await _act(agent, row["id"], "reopen", reason="It does not.")
            if place % 4 == 1:
                await _act(agent, row["id"], "resolve", resolution="Now it does.")


async def _act(agent: httpx.AsyncClient, ticket: str, act: str, *, unless: int = 0, **said: str) -> None:
    answer = await agent.post(f"/v1/tickets/{ticket}/{act}", json=said, headers={"Idempotency-Key": f"{ticket}-{act}-{said}"})
    if answer.status_code != unless:
        answer.raise_for_status()
