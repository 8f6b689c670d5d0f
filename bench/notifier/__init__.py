"""What a mail costs: composing it (beside the standard library's `EmailMessage`), with its words, and handing it over (beside a bare loop).

An SMTP server in a process of its own takes the mails. The bare loop sends mails that are ready, over as many connections as the
channel has, and knows neither outcomes nor lost connections; the channel composes each. Connections are open before time is taken.
The time of handing over depends on what else the machine does; CPU time is that of this process alone. The rooms on real Kafka and Postgres
(`storm`, `urgent`, `hooks`, `memory`) need Docker, with the images of the compose stack; `--notifier-rooms` picks some.
"""

import tempfile
import time
import timeit
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TypeVar

from bench.notifier import hooks, memory, storm, urgent
from bench.notifier.mails import SHOP, mails
from bench.notifier.sending import bare, ours
from bench.notifier.words import situations, writer
from bench.servers import RULES, Servers, anew, servers
from deploy.local.processes import announced, child
from services.notifier.channels.email.mail import as_html, compose
from services.notifier.channels.outcome import Rendered

M = TypeVar("M")

ROUNDS = 5  # in turns; of each the best counts, as whatever else the machine does makes it only worse
STARTS_WITHIN = 20.0  # seconds

ROOMS: dict[str, Callable[[Servers, Namespace], Awaitable[dict[str, object]]]] = {
    "storm": lambda of, said: storm.measure(of, said.customers),
    "urgent": lambda of, _: urgent.measure(of),
    "hooks": lambda of, _: hooks.measure(of),
    "memory": lambda of, _: memory.measure(of),
}
CHANNEL = "channel"
ALL = (CHANNEL, *ROOMS)

# How the line begins, as its readers know it; what else there is follows.
KEYS = (
    *("planned_per_s", "delivered_per_s", "bare_per_s", "ratio", "first_1000_p99_s"),
    *("healthy_p99_ratio_with_hanging", "rss_growth_mb", "webhooks_per_min"),
)


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--mails", type=int, default=3000, help="notifier: mails of each figure of the channel alone")
    parser.add_argument("--customers", type=int, default=100_000, help="notifier: customers of the large incident")
    parser.add_argument(
        "--notifier-rooms", nargs="+", choices=ALL, default=ALL, metavar="ROOM", help=f"notifier: only these of {', '.join(ALL)}"
    )


async def measure(said: Namespace) -> dict[str, object]:
    """Returns the figures of all rooms, or of those that are asked for."""
    found = await _channel(said) if CHANNEL in said.notifier_rooms else {}
    if rooms := [name for name in ROOMS if name in said.notifier_rooms]:
        async with servers() as of:
            for number, name in enumerate(rooms):
                print(f"── {name}", flush=True)
                found |= await ROOMS[name](await anew(of, f"bench_{number}", RULES.read_text()), said)
    return {"bench": "notifier", **{key: found[key] for key in KEYS if key in found}, **found}


async def _channel(said: Namespace) -> dict[str, object]:
    messages = mails(said.mails)
    peer, composed = _best(by_the_standard_library, messages), _best(lambda message: compose(message, SHOP), messages)
    print(f"notifier: composing {composed * 1e6:,.0f} us a mail, EmailMessage {peer * 1e6:,.0f} us (CPU)", flush=True)
    worded = _best(writer(), situations(said.mails))
    print(f"notifier: words, HTML and composing {worded * 1e6:,.0f} us a mail (CPU)", flush=True)
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as folder:
        async with child("bench.notifier.sink", environment={}, log=Path(folder) / "sink.log") as sink:
            port = int(await announced(sink, "listening on ", STARTS_WITHIN))
            rounds = [(await _timed(bare, port, messages), await _timed(ours, port, messages)) for _ in range(ROUNDS)]
    (bare_s, bare_cpu), (ours_s, ours_cpu) = (tuple(map(min, zip(*each, strict=True))) for each in zip(*rounds, strict=True))
    print(f"notifier: the channel {1 / ours_s:,.0f} mails/s, {ours_cpu * 1e6:,.0f} us of CPU a mail", flush=True)
    print(f"notifier: a bare loop {1 / bare_s:,.0f} mails/s, {bare_cpu * 1e6:,.0f} us of CPU a mail", flush=True)
    return {
        "composed_us": round(composed * 1e6, 1),
        "worded_us": round(worded * 1e6, 1),
        "email_message_us": round(peer * 1e6, 1),
        "channel_per_s": round(1 / ours_s),
        "channel_bare_per_s": round(1 / bare_s),
        "channel_ratio": round(bare_s / ours_s, 2),
        "channel_cpu_us": round(ours_cpu * 1e6),
        "bare_cpu_us": round(bare_cpu * 1e6),
    }


def by_the_standard_library(message: Rendered) -> bytes:
    """Returns the text and the HTML as `EmailMessage` writes them, with the headers that every mail has."""
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"], mail["Subject"] = SHOP.address, message.address, message.subject
    mail.set_content(message.text)
    mail.add_alternative(as_html(message.subject, message.text), subtype="html")
    return mail.as_bytes()


def _best(composing: Callable[[M], bytes], messages: Sequence[M]) -> float:
    """Returns the CPU time of a mail in seconds."""

    def work() -> None:
        for message in messages:
            composing(message)

    return min(timeit.repeat(work, number=1, repeat=ROUNDS, timer=time.process_time)) / len(messages)


async def _timed(
    prepared: Callable[[int, Sequence[Rendered]], Awaitable[Callable[[], Awaitable[None]]]], port: int, messages: Sequence[Rendered]
) -> tuple[float, float]:
    """Returns the time and the CPU time of a mail in seconds."""
    work = await prepared(port, messages)
    began, cpu = time.perf_counter(), time.process_time()
    await work()
    return (time.perf_counter() - began) / len(messages), (time.process_time() - cpu) / len(messages)
