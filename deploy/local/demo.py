"""Runs the embedded stack for people: the demo, which plays the published story on it, and `up`, which leaves it to you."""

from contextlib import AsyncExitStack

from deploy.local.people import way_in
from deploy.local.processes import ROOT
from deploy.local.report import report
from deploy.local.running import until_stopped
from deploy.local.stack import CONSOLE, Stack, stack
from deploy.local.story import Target, tell
from deploy.local.terminal import say
from deploy.local.view import Lines, view
from deploy.simulator.story import published
from shared.connecting.brokers import Brokers


async def demo(once: bool, seed: int) -> int:
    """Starts everything, says where to watch it, plays the story, prints the verdict; then ends (`once`), or stays up until stopped."""
    async with AsyncExitStack() as running:
        with view() as shown:
            here = await running.enter_async_context(stack(shown.say))
            shown.keep(await _way_in(here, "demo"))
            shown.say("everything is up: the story begins")
            verdict, seen = await tell(Target(Brokers(here.kafka), here.inbox, check=here.check), published(seed), shown.show)
        if not once:
            say(*addresses(here), await _way_in(here, "demo"))
        code = report(verdict, seen)
        if code != 0:
            say(*(line for each in here.children for line in (f"{each.module} says:", *each.last_lines())), error=True)
        if not once:
            await until_stopped()
    return code


async def up() -> int:
    """Starts everything, with the operator's own configuration, and leaves it running until it is stopped."""
    async with stack(Lines().say, own=ROOT / "config") as here:
        say(*addresses(here), await _way_in(here, "admin"))
        await until_stopped()
    return 0


async def _way_in(here: Stack, person: str) -> str:
    return await way_in(here.urls[CONSOLE], here.tokens["operator"], person)


def addresses(here: Stack) -> list[str]:
    """Returns lines that say where to look and how to get in."""
    lines = [f"  {service:<10} {url}/docs" for service, url in here.urls.items()]
    lines += [f"  {'kafka':<10} {here.kafka}", f"  {'mails':<10} {here.inbox.folder}", f"  {'logs':<10} {here.logs}"]
    lines += [f"  {role + ' token':<15} {token}" for role, token in here.tokens.items()]
    lines += [f'  for `forewarn streams`: FOREWARN_URLS="{" ".join(here.urls.values())}" FOREWARN_OPERATOR_TOKEN={here.tokens["operator"]}']
    lines += [f"  for `forewarn people`: FOREWARN_CONSOLE_URL={here.urls[CONSOLE]} and the token"]
    lines += [f"  for `forewarn tokens`: FOREWARN_TOKENS_FILE={here.tokens_file}"]
    return ["It stays up until you press Ctrl-C. Look around:", *lines]
