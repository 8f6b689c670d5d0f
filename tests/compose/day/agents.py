"""Two agents are let in by name, each acts, one sees the console, one gets another token, and one is let out."""

import time

from tests.compose.day.today import ANSWERED, ASKED, RUN, WHO, Day, Found
from tests.compose.entering import enter, shown
from tests.e2e.shop import until

REFUSED_WITHIN_S = 3.0


async def two_named_agents(day: Day) -> Found:
    """Has each agent act on the ticket of the customer, and finds in its history who did."""
    for name in ("ada", "bob"):
        day.tokens[name] = (await day.operator.does(f"{RUN} tokens add {name} --role agent")).strip()
    await day.shop.ask(WHO, "A question", ASKED)
    await until(lambda: _has_ticket(day), f"{WHO} has a ticket", seconds=30)
    [ticket] = await day.shop.items("ticketing", "/v1/tickets", customer_id=WHO)
    await until(lambda: _knows(day, "bob"), "the new tokens work", seconds=REFUSED_WITHIN_S)
    await _acts(day, "ada", f"/v1/tickets/{ticket['number']}/assign", {"agent": "me"})
    await _acts(day, "bob", f"/v1/tickets/{ticket['number']}/reply", {"body": ANSWERED})
    history = await day.shop.items("ticketing", f"/v1/tickets/{ticket['number']}/history")
    did = {line["who"]: line["what"] for line in history if line["actor"] == "agent"}
    assert did.keys() == {"ada", "bob"}, history
    return {"history": did}


async def one_sees_the_console(day: Day) -> Found:
    """Lets Ada into the console, by a link of the page's commands; the report has its figures."""
    await day.operator.does(f"{RUN} people add ada --role agent")
    link = (await day.operator.does(f"{RUN} people link ada")).strip()
    inside = await enter(day.stack.urls["console"], link, "ada")
    assert await shown(day.stack.urls["console"], inside, "/queue", "ada"), "the console does not show ada the queue"
    report = await day.operator.does(f"{RUN} report")
    assert "coverage" in report, report
    return {"console": "signed in"}


async def one_rotated_one_revoked(day: Day) -> Found:
    """Gives Ada a second token, and both work; revokes Bob's, which ends at once."""
    day.tokens["ada again"] = (await day.operator.does(f"{RUN} tokens rotate ada --overlap 1h")).strip()
    await until(lambda: _knows(day, "ada again"), "the rotated token works", seconds=REFUSED_WITHIN_S)
    assert await _knows(day, "ada"), "the token before does not work"
    await day.operator.does(f"{RUN} tokens revoke bob")
    revoked_at = time.monotonic()
    await until(lambda: _refused(day, "bob"), "a revoked token is refused", seconds=REFUSED_WITHIN_S)
    return {"revoked_after_s": round(time.monotonic() - revoked_at, 1)}


async def _has_ticket(day: Day) -> bool:
    return bool(await day.shop.items("ticketing", "/v1/tickets", customer_id=WHO))


async def _acts(day: Day, who: str, path: str, body: Found) -> None:
    headers = {"Authorization": f"Bearer {day.tokens[who]}"}
    answer = await day.shop.http.post(day.stack.urls["ticketing"] + path, json=body, headers=headers)
    answer.raise_for_status()


async def _knows(day: Day, who: str) -> bool:
    headers = {"Authorization": f"Bearer {day.tokens[who]}"}
    return (await day.shop.http.get(day.stack.urls["ticketing"] + "/v1/tickets", headers=headers)).status_code == 200


async def _refused(day: Day, who: str) -> bool:
    return not await _knows(day, who)
