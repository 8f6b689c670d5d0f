"""These processes are killed, frozen, asked to stop and started again."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx

from deploy.local.ports import free_port
from deploy.local.processes import ROOT


@dataclass
class Member:
    """One instance of a service, as `python -m module`; its log grows over all its lives."""

    name: str
    module: str
    environment: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    public_port: int = field(default_factory=free_port)  # of the services that have one
    process: Process | None = None

    async def start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOREWARN_")}
        ports = {"FOREWARN_HTTP_PORT": str(self.port), "FOREWARN_PUBLIC_PORT": str(self.public_port)}
        settings = {**ports, **self.environment}
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self.module, cwd=ROOT, env={**inherited, **settings}, stdout=output, stderr=output
            )

    def send(self, sign: signal.Signals) -> None:
        """Sends SIGKILL, SIGSTOP, SIGCONT or SIGTERM; a process that has ended ignores it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(sign)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def ended(self, within: float = 15) -> tuple[int, float]:
        """Returns its exit code, and how many seconds that took. Raises TimeoutError."""
        assert self.process is not None
        started = time.monotonic()
        code = await asyncio.wait_for(self.process.wait(), within)
        return code, time.monotonic() - started

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> float:
        """Asks it to stop; returns the seconds that took. Raises TimeoutError when it does not, AssertionError when it fails."""
        self.send(signal.SIGTERM)
        code, seconds = await self.ended()
        assert code == 0, f"{self.name} ended with {code}:\n{self.tail()}"
        return seconds

    async def get(self, path: str, within: float = 5) -> httpx.Response | None:
        """Returns what its HTTP port answers; None when nobody does."""
        async with httpx.AsyncClient(timeout=within) as client:
            try:
                return await client.get(self.url + path)
            except httpx.TransportError:
                return None

    async def ready(self) -> bool:
        answer = await self.get("/readyz")
        return answer is not None and answer.status_code == 200

    def says(self, words: str) -> int:
        """Returns how many lines of its log have these words in them."""
        return sum(words in line for line in self.log.read_text(errors="replace").splitlines())

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])


@asynccontextmanager
async def started(*members: Member) -> AsyncIterator[None]:
    """Runs all of them while the context lasts, unless they are killed; none runs afterwards."""
    try:
        for member in members:
            await member.start()
        yield
    finally:
        for member in members:
            if member.alive:
                await member.kill()
