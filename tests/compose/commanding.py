"""The command line for a host without Python: every command of the handbook, in the container that compose runs for it."""

import asyncio
from typing import Any

from deploy.services import NAMES
from tests.compose.running import Running, compose

LINE = b'203.0.113.9 - c-1 [26/Nov/2026:10:00:00 +0000] "GET /checkout HTTP/1.1" 200 12 "-" "curl/8"\n'
RUN = ("run", "--rm", "-T")

# Each command has the input that it reads, and words of its output. Rows run beside each other, the commands of a row one after the other.
Command = tuple[tuple[str, ...], bytes, str]
ROWS: tuple[tuple[Command, ...], ...] = (
    (
        (("check-config",), b"", "rules.yml: fine, as shipped"),
        (("streams",), b"", NAMES[0]),
        (("due",), b"", "no work is put aside"),
        (("dlq", "list"), b"", ""),
    ),
    (
        (("tokens", "add", "commanding", "--role", "agent"), b"", "fw_agent_"),
        (("tokens", "list"), b"", "commanding"),
        (("tokens", "revoke", "commanding"), b"", ""),
    ),
    (
        (("replay", "-", "--mapping", "access-log", "--source", "/web-1"), LINE, "1 "),
        (("simulate", "--customers", "5", "--rate", "5", "--seconds", "2"), b"", "5 customers are in the directory"),
        (("customer", "export", "c-nobody"), b"", "c-nobody"),
        (("report", "--since", "1h"), b"", "coverage"),
    ),
    (
        (("people", "add", "commanding", "--role", "viewer"), b"", "commanding may sign in as viewer"),
        (("people", "list"), b"", "commanding"),
        (("people", "link", "commanding"), b"", "/enter/"),
        (("people", "remove", "commanding"), b"", "no more"),
    ),
)
INSIDE = (("console", "rebuild"), "rebuilt from ")  # in the container of the console, whose tables it makes


async def every_command_runs_in_its_container(_stack: Running) -> dict[str, Any]:
    """Runs every command. Raises RuntimeError when one fails, AssertionError when it does not say what it must."""
    await asyncio.gather(*map(_one_after_the_other, ROWS))
    command, words = INSIDE
    said = await compose("exec", "-T", "console", "forewarn", *command)
    assert words in said, f"forewarn {' '.join(command)} says:\n{said}"
    return {"commands": sum(map(len, ROWS)) + 1}


async def _one_after_the_other(row: tuple[Command, ...]) -> None:
    for command, given, words in row:
        said = await compose(*RUN, "forewarn", *command, given=given)
        assert words in said, f"forewarn {' '.join(command)} says:\n{said}"
