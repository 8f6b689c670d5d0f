"""A service that the console asks, as far as acts need one: it does a thing once for an Idempotency-Key, refuses, or loses answers."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.console.acting.acts import Owner
from services.console.acting.owners import Owners
from services.console.acting.watching import Watch
from shared.http.problems import Problem, handle_problems
from tests.flow.console_screen import Screen


class FakeOwner:
    """Answers every request with `answer` or `problem`; `asked` are the requests that it has not answered before."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Mapping[str, Any] = {}
        self.problem: Problem | None = None
        self.refuses: Problem | None = None  # what changes something, and nothing that is read
        self.goes_on = asyncio.Event()  # it answers when this is set
        self.goes_on.set()
        self.loses_answers = 0  # so many times it does the thing, and the answer does not arrive
        self._known: set[str] = set()
        self.app = FastAPI()
        handle_problems(self.app)
        self.app.add_api_route("/{path:path}", self._take, methods=["GET", "POST", "PUT"])

    def asked_by(self, screen: Screen, *owners: Owner) -> None:
        """Makes the console ask this one instead of these owners."""
        transport = _Losing(self)
        asked = Owners(screen.settings, dict.fromkeys(owners, transport))
        screen.app.state.owners, screen.app.state.watch = asked, Watch(asked, screen.database)

    async def _take(self, request: Request) -> JSONResponse:
        await self.goes_on.wait()
        problem = self.problem or (self.refuses if request.method != "GET" else None)
        if problem is not None:
            raise Problem(problem.status_code, problem.detail, **problem.extra)
        key = request.headers.get("idempotency-key", "")
        if not key or key not in self._known:
            self._known.add(key)
            body = await request.json() if await request.body() else None
            self.asked.append(
                {
                    "method": request.method,
                    "path": request.scope["raw_path"].decode(),
                    "body": body,
                    "headers": dict(request.headers),
                    "key": key,
                }
            )
        return JSONResponse(dict(self.answer))


class _Losing(httpx2.ASGITransport):
    """Loses answers on their way, as a connection that breaks does."""

    def __init__(self, owner: FakeOwner) -> None:
        super().__init__(owner.app)
        self._owner = owner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        if self._owner.loses_answers:
            self._owner.loses_answers -= 1
            raise httpx2.ReadError("the connection broke")
        return answer
