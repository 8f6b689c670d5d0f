"""Coalesces what many tasks ask for at the same time into one call (as GraphQL's DataLoader does): one transaction does many rows.

Nobody waits for a batch to fill: while one call is under way, what is asked meanwhile gathers for the next. A batch that raises what
waiting does not mend is done again item by item, so that one bad item fails alone; so the call must be one transaction, of which
nothing is left when it raises.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.postgres import is_transient

Item = TypeVar("Item")
Result = TypeVar("Result")


class Coalescing(Generic[Item, Result]):
    """Calls `do` with at most `most` items at a time, one call after the other. It returns a result for each, or what it raises for it."""

    def __init__(self, do: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]], most: int = 200) -> None:
        self._do, self._most = do, most
        self._asked: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Result:
        """Returns the item's result. Raises what was raised for it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._asked.append((item, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._asked:
                some = [self._asked.popleft() for _ in range(min(self._most, len(self._asked)))]
                await self._answer([(item, future) for item, future in some if not future.done()])  # done: whoever asked was cancelled
        finally:
            self._working = None

    async def _answer(self, some: Sequence[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._do([item for item, _ in some]) if some else []
        except Exception as error:  # noqa: BLE001  it is raised for whoever asked
            if len(some) > 1 and not is_transient(error):
                for each in some:
                    await self._answer([each])
                return
            results = [error] * len(some)
        except BaseException:
            for _, future in some:
                future.cancel()
            raise
        for (_, future), result in zip(some, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
