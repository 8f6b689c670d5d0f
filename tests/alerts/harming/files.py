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
