"""How the services of the compose stack are: since when they run, how much memory they hold, what they logged."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence

from tests.compose.running import PORTS, compose

# Ours on one line, or Python's own. What a broker that was away before left behind speaks of connections, as nothing here makes.
RAISED = re.compile(
    r"Traceback(?: \(most recent call last\))?:(?! (?:gaierror|NodeNotReadyError|KafkaConnectionError|ConnectionRefusedError)\b)"
)


async def lives() -> dict[str, str]:
    """Service → the identity of its process: the container, and since when it runs."""
    ids = (await compose("ps", "--all", "--quiet", *PORTS)).split()
    format_ = '{{index .Config.Labels "com.docker.compose.service"}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}'
    process = await asyncio.create_subprocess_exec("docker", "inspect", "--format", format_, *ids, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return dict(line.split(" ", 1) for line in out.decode().splitlines())


async def memory() -> dict[str, float]:
    """Service → MB of resident memory."""
    statuses = await asyncio.gather(*(compose("exec", "-T", service, "cat", "/proc/1/status") for service in PORTS))
    found = [re.search(r"VmRSS:\s+(\d+) kB", status) for status in statuses]
    return {service: round(int(each[1]) / 1024, 1) for service, each in zip(PORTS, found, strict=True) if each}


async def raised(since: str) -> Counter[str]:
    """Service → how many tracebacks are in its log since that moment (RFC 3339), by its last line."""
    logs: Sequence[str] = await asyncio.gather(
        *(compose("logs", "--no-color", "--no-log-prefix", "--since", since, each) for each in PORTS)
    )
    return Counter({service: len(RAISED.findall(log)) for service, log in zip(PORTS, logs, strict=True)})
