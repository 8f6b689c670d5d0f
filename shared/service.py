"""Runs one process of a service: HTTP first, to say what it waits for; then database, streams, timers, relay; a stop within 10 s."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI, Response
from faststream.kafka import KafkaBroker
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared import kafka, metrics
from shared.api import application, public_application
from shared.connecting.brokers import brokers_of
from shared.erasing import Personal
from shared.http.documentation import documentation
from shared.http.front import front_page
from shared.http.server import Server
from shared.http.site import Beside
from shared.observing import logs
from shared.observing.measuring import Measurement, Measuring, readiness
from shared.outbox import Lane, Relay
from shared.postgres import Database, patiently
from shared.retention import ANSWERS, Kept, tidy
from shared.routes.customers import customers_router, erasures_router
from shared.routes.due import due_router
from shared.routes.streams import streams_router
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.holding import Holding
from shared.timers import Due, Timers, Work, schedule

log = logging.getLogger(__name__)

HOUSEKEEP = "housekeep"

Background = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Public:
    """Holds pages for everybody, which have an application and a port of their own: the API is not reached there."""

    routers: Sequence[APIRouter]
    port: int


@dataclass
class Service:
    """Lists the parts of one service."""

    name: str
    settings: Settings
    database: Database
    streams: Sequence[Stream] = ()
    due: Mapping[str, Work] = field(default_factory=dict)
    routers: Sequence[APIRouter] = ()
    public: Public | None = None
    site: Callable[[], FastAPI] | None = None  # pages for people who sign in, at every path that is none of the API's
    before: Sequence[Background] = ()  # done once the database is there, before anything is consumed
    background: Sequence[Background] = ()  # run until the end; what they raise ends the process
    ending: Sequence[Callable[[], None]] = ()  # called at once when the process is to stop: what waits for clients lets them go
    measurements: Sequence[Measurement] = ()  # taken from the first moment on, beside those every service has
    kept: Sequence[Kept] = ()  # what is deleted when it is old
    personal: Sequence[Personal] = ()  # what it holds of customers, beside what every service does
    doors: Collection[str] = ()  # paths where no token is asked for, since their endpoints ask for a secret of their own
    about: str = ""  # what it does, in a sentence, for the page at its address
    started_at: float = field(default_factory=time.monotonic)
    consuming: bool = False
    _looking: "asyncio.Task[dict[str, str]] | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.brokers = replace(brokers_of(self.settings), foreign=frozenset(each.topic for each in self.streams if each.foreign))
        self._holding = [Holding(stream, self.brokers) for stream in self.streams]
        for each in (ANSWERS, *self.kept):
            metrics.DELETED.labels(each.table)
        for stream in self.streams:
            stream.aside.per_minute = self.settings.letters_per_minute

    def app(self) -> FastAPI:
        """Makes the service's REST API with /livez, /readyz and /metrics, its documentation and the page that leads there."""
        title = f"Forewarn {self.name}"
        app = application(title, self.settings, self.database, self.about, self.doors)
        pages = (documentation(title),) if self.site else (front_page(title, self.about), documentation(title))
        of_customers = (customers_router(self.name, self.personal), erasures_router(self.name))
        for router in (*self.routers, streams_router(self.name, self.streams), due_router(self.name), *of_customers, *pages):
            app.include_router(router)

        @app.get("/livez", tags=["health"])
        async def livez() -> dict[str, float]:
            """Says that the process answers. Nothing else is asked, so that a lost database does not restart it."""
            return {"up_seconds": round(time.monotonic() - self.started_at, 3)}

        @app.get("/readyz", tags=["health"], responses={503: {"description": "something is missing; the body says what"}})
        async def readyz(response: Response) -> dict[str, str]:
            """Answers 200 when each partition is assigned, its lag known, progress made and the database up; or 503 and what is missing.

            Another system's topic that is not there yet, or may not be read, is named, and alone is no 503.
            """
            checks = await self.checks()
            response.status_code = 503 if self._missing(checks) else 200
            return checks

        @app.get("/metrics", tags=["health"])
        async def metrics() -> Response:
            """Returns the metrics in Prometheus's text format."""
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return app

    def servers(self) -> list[Server]:
        """Makes the server of the REST API, and that of the public pages where there are some."""
        if self.site is not None:
            return [Server(Beside(self.app(), self.site()), self.settings)]
        if self.public is None:
            return [Server(self.app(), self.settings)]
        return [Server(self.app(), self.settings, servers=2), Server(self.public_app(), self.settings, self.public.port, servers=2)]

    def public_app(self) -> FastAPI:
        """Makes the application of the pages for everybody, with none of the API and no figures."""
        routers = self.public.routers if self.public else ()
        return public_application(f"Forewarn {self.name}, public pages", self.settings, self.database, routers)

    async def checks(self) -> dict[str, str]:
        """Returns what /readyz answers: each check with `ok` or what is wrong. Anybody may ask, so it quotes no error and no record.

        Callers at the same time get the same answer: however many ask, one of them uses the database.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    def _missing(self, checks: Mapping[str, str]) -> set[str]:
        """Returns the failing checks without which the service is not ready: whether another system makes its topic is not up to us."""
        late = {stream.topic for stream in self.streams if stream.foreign and stream.assigned is None} if self.consuming else set()
        return {name for name, said in checks.items() if said != "ok"} - late

    async def _look(self) -> dict[str, str]:
        checks = {"database": await self._database_trouble() or "ok"}
        for stream, holding in zip(self.streams, self._holding, strict=True):
            trouble = holding.trouble() or await self._trouble_of(stream) if self.consuming else "waiting for the broker"
            checks[stream.topic] = trouble or "ok"
        return checks

    async def _trouble_of(self, stream: Stream) -> str | None:
        return "the brake is on" if stream.brake.tripped else await stream.trouble()

    async def measure(self) -> None:
        """Measures from the first moment until cancelled, whatever else is away."""
        measuring = Measuring(self.database, kafka.Answering(self.brokers), self.streams, [*self.due, HOUSEKEEP])
        names = ["database", *(stream.topic for stream in self.streams)]
        await measuring.run(readiness(names, self.checks), *(holding.figures() for holding in self._holding), *self.measurements)

    async def _database_trouble(self) -> str | None:
        try:
            async with asyncio.timeout(2), self.database.connection() as connection:
                await connection.fetchval("SELECT 1")
        except Exception as error:  # noqa: BLE001  whatever it is, the database is not there
            if self.consuming:  # before that, /readyz says what is missing
                log.warning("not ready: the database: %s: %s", type(error).__name__, error)
            return "does not answer"
        return None


def run(service: Service) -> None:
    """Runs the service until SIGTERM or SIGINT."""
    logs.configure()
    # A batch makes thousands of objects that end with it: a garbage collection after every 700 costs more than it finds.
    gc.set_threshold(50_000, 20, 100)
    if sys.platform == "win32":
        asyncio.run(serve(service))
    else:
        import uvloop  # noqa: PLC0415  not there on Windows

        uvloop.run(serve(service))
    # The interpreter would collect all there is once more before it ends, which takes a fifth of a second and frees nothing that matters.
    gc.freeze()


async def serve(service: Service) -> None:
    """Starts everything, waits for a signal, stops everything."""
    stopping = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    servers = service.servers()
    answering = [asyncio.create_task(server.serve()) for server in servers]
    measuring = asyncio.create_task(service.measure())
    working = asyncio.create_task(_work(service, stopping))
    stopped = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait({working, stopped, measuring, *answering}, return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    for let_go in service.ending:
        let_go()
    measuring.cancel()
    await asyncio.wait({working}, timeout=9)
    for server in servers:
        server.should_exit = True
    await asyncio.wait(answering, timeout=1)
    for task in done:
        task.result()


async def _work(service: Service, stopping: asyncio.Event) -> None:
    """Runs everything but HTTP, from start to stop."""
    tasks: list[asyncio.Task[None]] = []
    timers = Timers(service.database, {**service.due, HOUSEKEEP: Work(partial(_housekeep, service), recurs=True)})
    broker = kafka.broker(service.brokers, service.streams, service.settings.instance)
    starting = asyncio.create_task(_start(service, broker))
    await _first_of({starting}, stopping)
    try:
        if not stopping.is_set():
            relays = [Relay(service.database, service.brokers, lane) for lane in Lane]
            loops = [
                service.database.listen,
                *(relay.run for relay in relays),
                timers.run,
                *(stream.run for stream in service.streams),
                *service.background,
            ]
            tasks = [asyncio.create_task(_as_task(loop)) for loop in loops]
            log.info("%s is working", service.name)
            await _first_of(set(tasks), stopping)
    finally:
        await asyncio.gather(*(stream.stop() for stream in service.streams))
        await timers.stop(within=4)
        for task in (starting, *tasks):
            task.cancel()
        await asyncio.gather(starting, *tasks, return_exceptions=True)
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(3):
                await broker.stop()
        await service.database.close()
        log.info("%s has stopped", service.name)


async def _start(service: Service, broker: KafkaBroker) -> None:
    await service.database.open()
    await patiently("the database", partial(_schedule_housekeeping, service.database))
    for each in service.before:
        await each()
    await patiently("the broker", broker.start, KafkaError)
    service.consuming = True


async def _first_of(tasks: set[asyncio.Task[None]], stopping: asyncio.Event) -> None:
    """Returns when a task has ended or the process is to stop; what the task raises is raised."""
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait({*tasks, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done:
        task.result()


async def _as_task(loop: Background) -> None:
    await loop()


async def _schedule_housekeeping(database: Database) -> None:
    async with database.transaction() as tx:
        await schedule(tx, HOUSEKEEP, {"": await tx.fetchval("SELECT clock()")})


async def _housekeep(service: Service, due: Due) -> None:
    """Deletes what is old, a piece of each table: every ten minutes, or at once while there is more."""
    more = await tidy(service.database, [ANSWERS, *service.kept])
    async with service.database.transaction() as tx:
        await due.again(tx, due.now + (timedelta() if more else timedelta(minutes=10)))
