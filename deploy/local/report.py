"""Plays a story on a Forewarn that runs already, and reports the end of any story: what fell short, and the verdict as one line."""

from deploy.local.people import way_in
from deploy.local.processes import Failed
from deploy.local.story import Target, tell
from deploy.local.terminal import say
from deploy.local.verdict import Verdict, difference, shortcomings
from deploy.local.view import view
from deploy.local.witness import Witness
from deploy.simulator.story import Story


async def story_on(target: Target, story: Story, console: str, token: str) -> int:
    """Plays the story on a Forewarn that runs already, and prints the verdict. Returns the exit code.

    With an operator's token it says first how to get into the console, where the story can be watched.
    """
    with view() as shown:
        if token:
            shown.keep(await _way_in(console, token))
        shown.say(f"the story begins, on Kafka at {target.brokers.servers}")
        verdict, seen = await tell(target, story, shown.show)
    return report(verdict, seen)


async def _way_in(console: str, token: str) -> str:
    try:
        return await way_in(console, token, "demo")
    except Failed as why:
        return f"No link to the console: {why}"  # the story needs none


def report(verdict: Verdict, seen: Witness) -> int:
    """Prints what fell short on standard error, then what it was good for, and the verdict as the last line. Returns the exit code."""
    broken = shortcomings(verdict, seen)
    say(*(f"not as promised: {sentence}" for sentence in broken), error=True)
    say(difference(verdict), verdict.line())
    return 1 if broken else 0
