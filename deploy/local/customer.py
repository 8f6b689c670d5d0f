"""Implements `forewarn customer`: exports all that is held of a customer, and erases them, with a report of what each service deleted."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from deploy.local.asking import DEFAULT_URLS, Answer, Token, Urls, ask_all
from deploy.local.connecting import DEFAULT, Kafka, brokers_at
from deploy.local.erasure import DEADLINE_S, Report, asked, publish, remains
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from shared.connecting.brokers import Brokers
from shared.observing.printable import printable
from shared.routes.customers import DataPage, ErasureView

LOOK_S = 0.5  # between two looks at what the services have done

Id = Annotated[str, typer.Argument(metavar="ID", help="The customer's id.", show_default=False)]

customer = typer.Typer(no_args_is_help=True, help="One customer's data: given out, or erased.")


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@customer.command()
def export(
    id_: Id,
    out: Annotated[Path | None, typer.Option(help="A file to be made, which only you can read; standard output when not given.")] = None,
    url: Urls = None,
    token: Token = "",
) -> None:
    """Writes all that the services hold of the customer, as JSON."""
    raise typer.Exit(run(lambda: export_on(url or DEFAULT_URLS, token, id_, out)))


@customer.command()
def erase(
    id_: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    reason: Annotated[str, typer.Option(help="Why; everybody who reads customers.v1 sees it.")] = "requested",
    as_json: Annotated[bool, typer.Option("--json", help="The report as one line of JSON.")] = False,
    kafka: Kafka = DEFAULT,
    url: Urls = None,
    token: Token = "",
) -> None:
    """Has every service erase the customer, and reports what was deleted. It cannot be undone."""
    if not yes and not is_meant(id_):
        raise typer.Exit(1)
    raise typer.Exit(run(lambda: erase_on(brokers_at(kafka), url or DEFAULT_URLS, token, id_, reason=reason, as_json=as_json)))


def is_meant(customer_id: str) -> bool:
    say(
        f"All that is held of {printable(customer_id)} will be erased, in every service and for good. Type the id again to go on:",
        error=True,
    )
    meant = sys.stdin.readline().rstrip("\n") == customer_id
    if not meant:
        say("that is not the id: nothing was erased", error=True)
    return meant


# ── export ───────────────────────────────────────────────────────────────────────────────────


async def export_on(urls: Sequence[str], token: str, customer_id: str, out: Path | None) -> int:
    """Writes what the services hold. Returns the exit code: 1 when one did not answer, which the export says too."""
    parts = await asyncio.gather(*(_all_of(url, token, customer_id) for url in urls))
    trouble = [answer.complaint() for _, answer in parts if not answer.said]
    data: dict[str, Any] = {"customer_id": customer_id, "exported_at": datetime.now(UTC).isoformat(timespec="seconds")}
    data["services"] = {answer.said.service: rows for rows, answer in parts if answer.said}
    if trouble:
        data["missing"] = trouble
    _write(json.dumps(data, ensure_ascii=out is None, indent=2), out)
    say(*(f"{printable(each)}: what it holds is missing" for each in trouble), error=True)
    return 1 if trouble else 0


async def _all_of(url: str, token: str, customer_id: str) -> tuple[list[dict[str, Any]], Answer[DataPage]]:
    """Returns every page of one service, and its last answer."""
    rows: list[dict[str, Any]] = []
    path = f"/v1/customers/{quote(customer_id, safe='')}/data"
    cursor: str | None = ""
    while cursor is not None:
        [answer] = await ask_all([url], token, path + (f"?cursor={cursor}" if cursor else ""), DataPage)
        if not answer.said:
            break
        rows += [item.model_dump() for item in answer.said.items]
        cursor = answer.said.next
    return rows, answer


def _write(text: str, out: Path | None) -> None:
    if out is None:
        say(*text.split("\n"), longest=sys.maxsize)
        return
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError:
        raise Failed(f"{printable(out)} is there already") from None
    say(f"written to {printable(out)}", error=True)


# ── erasure ──────────────────────────────────────────────────────────────────────────────────


async def erase_on(
    brokers: Brokers,
    urls: Sequence[str],
    token: str,
    customer_id: str,
    *,
    reason: str = "requested",
    as_json: bool = False,
    within: float = DEADLINE_S,
) -> int:
    """Publishes the fact, waits for every service, and prints the report. Returns the exit code: 1 when one did not report in time."""
    before = await _erasures(urls, token, customer_id)
    if refusals := [answer.complaint() for answer in before if answer.status in (401, 403)]:
        raise Failed(*refusals)
    fact = asked(customer_id, reason, datetime.now(UTC), [answer.said for answer in before if answer.said])
    await publish(brokers, fact)
    say(f"customer.erased is published; waiting up to {within:.0f} s for every service", error=True)
    reports = [Report(url, fact, answer.said) for url, answer in zip(urls, before, strict=True)]
    deadline = time.monotonic() + within
    while not all(report.done for report in reports):
        waiting = [report for report in reports if not report.done]
        for report, answer in zip(waiting, await _erasures([each.url for each in waiting], token, customer_id), strict=True):
            report.take(answer)
            if report.done:
                say(f"{report.service}: erased", error=True)
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_S)
    say(*([_as_json(fact.id, reports)] if as_json else _for_people(reports)))
    return 0 if all(report.done for report in reports) else 1


async def _erasures(urls: Sequence[str], token: str, customer_id: str) -> list[Answer[ErasureView]]:
    return await ask_all(urls, token, f"/v1/customers/{quote(customer_id, safe='')}/erasure", ErasureView)


def _for_people(reports: Sequence[Report]) -> list[str]:
    lines = ["", f"{'service':<10} {'rows':>8}   what"]
    for report in reports:
        gone = {name: count for name, count in report.rows.items() if count}
        lines += [f"{report.service:<10} {count:>8,}   {name}" for name, count in gone.items()]
        if report.done and not gone:
            lines.append(f"{report.service:<10} {0:>8,}   it held nothing")
        if not report.done:
            lines.append(f"{report.service:<10} {'?':>8}   NOT ERASED YET: {printable(report.trouble)}")
    return [*lines, "", *remains()]


def _as_json(fact_id: str, reports: Sequence[Report]) -> str:
    services = [report.plain() for report in reports]
    return json.dumps({"fact": fact_id, "erased": all(report.done for report in reports), "services": services, "remains": remains()})
