"""Bounds how large an answer is, and what may be asked for: names, limits, and pages that end by count or by bytes.

A GET answers with `MAX_ANSWER` bytes at most, whatever the tables hold: a list has pages, and queries cut the texts of
its items (`left` in SQL), so that what is not shown is not loaded.
"""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import asyncpg
from fastapi import Query
from pydantic import BaseModel, Field

from shared.api import cursor_of
from shared.postgres import Tx

MAX_ANSWER = 1 << 20  # bytes of any answer to a GET
PAGE = MAX_ANSWER // 2  # bytes of a page's items
AT_ONCE = 20  # rows fetched at once: so many more than are shown may be loaded

Name = Annotated[str, Field(min_length=1, max_length=255, pattern="^[^\x00-\x1f\x7f-\x9f]+$")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before")]

Item = TypeVar("Item", bound=BaseModel)


class Page(BaseModel, Generic[Item]):
    """Is one page of a list. `next` is the cursor of the page after it; null when it is the last."""

    items: list[Item]
    next: str | None


async def page_of(
    tx: Tx,
    query: str,
    *values: Any,
    limit: int,
    view: Callable[[asyncpg.Record], Item],
    position: Callable[[Item], str],
    at_most: int = PAGE,
) -> Page[Item]:
    """Returns at most `limit` items of at most `at_most` bytes of JSON, and one at least if there is one.

    The query's last parameter is its LIMIT; `position` is what the cursor after an item says. `tx` must be a transaction.
    """
    items: list[Item] = []
    size = 0
    async for row in tx.cursor(query, *values, limit + 1, prefetch=AT_ONCE):
        item = view(row)
        size += len(item.model_dump_json().encode())
        if len(items) == limit or (items and size > at_most):
            return Page(items=items, next=cursor_of(position(items[-1])))
        items.append(item)
    return Page(items=items, next=None)
