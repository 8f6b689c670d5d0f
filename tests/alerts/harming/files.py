"""A file that an operator writes is broken while the services run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.alerts.stack import Stack

TOKENS, WHOLE = "/callers/tokens.yml", "/callers/tokens.whole"


@asynccontextmanager
async def tokens_file_broken(stack: Stack) -> AsyncIterator[None]:
    """An editor saved half of a line."""
    await stack.shell(f"cp {TOKENS} {WHOLE} && echo 'callers: {{' > {TOKENS}")
    yield
    await stack.shell(f"mv {WHOLE} {TOKENS}")


@asynccontextmanager
async def rules_file_broken(stack: Stack) -> AsyncIterator[None]:
    """Somebody saved half of a rule, and had monitor read it."""
    rules = stack.folder / "config" / "rules.yml"
    whole = rules.read_text()
    rules.write_text("rules: [{id: half")
    await stack.compose("kill", "--signal", "HUP", "monitor")
    yield
    rules.write_text(whole)
    await stack.compose("kill", "--signal", "HUP", "monitor")
