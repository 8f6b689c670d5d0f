"""Children never outlive us: however they behave, they are gone when their context ends, and their log says why they failed."""

import os
import time
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from deploy.local.processes import Failed, announced, child, ended_well, ready

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("started", grandchild.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def module(tmp_path: Path) -> dict[str, str]:
    """Returns an environment in which `python -m played` runs what a test wrote."""
    return {"PYTHONPATH": str(tmp_path)}


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"  # a zombie only waits to be buried


def gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not runs(pid)


async def test_a_child_and_what_it_started_are_gone_after_the_context(tmp_path: Path, module: dict[str, str]) -> None:
    (tmp_path / "played.py").write_text(STUBBORN.replace("SIG_IGN", "SIG_DFL"))
    async with child("played", environment=module, log=tmp_path / "log") as running:
        grandchild = int(await announced(running, "started ", 10))
        assert runs(grandchild)
    assert running.process.returncode is not None
    assert gone(grandchild)


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path, module: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.processes.STOP_S", 0.2)
    (tmp_path / "played.py").write_text(STUBBORN)
    async with child("played", environment=module, log=tmp_path / "log") as running:
        grandchild = int(await announced(running, "started ", 10))
    assert running.process.returncode == -9
    assert gone(grandchild)


async def test_an_early_end_is_told_with_the_log(tmp_path: Path, module: dict[str, str]) -> None:
    (tmp_path / "played.py").write_text("raise SystemExit('the reason')")
    async with child("played", environment=module, log=tmp_path / "log") as running:
        with pytest.raises(Failed, match=r"played ended with code 1; its log ends:\n  \| the reason"):
            await ready(running, free_port(), within_s=10)
        with pytest.raises(Failed, match="ended with code 1"):
            await ended_well(running, within_s=10)


async def test_a_child_that_never_gets_ready_is_told_with_what_it_says(tmp_path: Path, module: dict[str, str]) -> None:
    (tmp_path / "played.py").write_text(
        "import http.server, sys\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(503); self.end_headers(); self.wfile.write(b'the database is not there')\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
    )
    port = free_port()
    async with child("played", str(port), environment=module, log=tmp_path / "log") as running:
        with pytest.raises(Failed, match=r"not ready within 2 s \(it says: the database is not there\)"):
            await ready(running, port, within_s=2.0)


async def test_settings_of_the_surroundings_do_not_reach_a_child(
    tmp_path: Path, module: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREWARN_KAFKA", "production:9092")
    (tmp_path / "played.py").write_text("import os; print('kafka', os.environ.get('FOREWARN_KAFKA'))")
    async with child("played", environment=module, log=tmp_path / "log") as running:
        assert await announced(running, "kafka ", 10) == "None"
