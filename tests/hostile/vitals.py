"""Reads the state of the compose stack's services: since when they run, how much memory they hold, what they logged."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence

from tests.compose.running import PORTS, compose

# A traceback is ours on one line, or Python's own. Those of connections are left out: a broker that was away before leaves them.
RAISED = re.compile(
    r"Traceback(?: \(most recent call last\))?:(?! (?:gaierror|NodeNotReadyError|KafkaConnectionError|ConnectionRefusedError)\b)"
)


async def lives() -> dict[str, str]:
    """Returns, for each service, which process it is: the container, and since when it runs."""
    ids = (await compose("ps", "--all", "--quiet", *PORTS)).split()
    format_ = '{{index .Config.Labels "com.docker.compose.service"}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}'
    process = await asyncio.create_subprocess_exec("docker", "inspect", "--format", format_, *ids, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return dict(line.split(" ", 1) for line in out.decode().splitlines())


async def memory() -> dict[str, float]:
    """Returns, for each service, the MB of its resident memory."""
    statuses = await asyncio.gather(*(compose("exec", "-T", service, "cat", "/proc/1/status") for service in PORTS))
    found = [re.search(r"VmRSS:\s+(\d+) kB", status) for status in statuses]
    return {service: round(int(each[1]) / 1024, 1) for service, each in zip(PORTS, found, strict=True) if each}


async def raised(since: str) -> Counter[str]:
    """Returns, for each service, how many tracebacks are in its log since that moment (RFC 3339)."""
    logs: Sequence[str] = await asyncio.gather(
        *(compose("logs", "--no-color", "--no-log-prefix", "--since", since, each) for each in PORTS)
    )
    return Counter({service: len(RAISED.findall(log)) for service, log in zip(PORTS, logs, strict=True)})
