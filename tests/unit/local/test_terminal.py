"""No text from outside reaches a terminal unescaped, whatever command shows it and wherever it came from."""

import ast
import asyncio
import io
import json
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from aiokafka import AIOKafkaProducer
from rich.live import Live
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.mailbox import MailDev
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import Screen, guarded, say
from deploy.local.view import Lines, Picture
from deploy.local.witness import Witness
from deploy.simulator.story import published
from shared.events import IncidentOpened, TicketOpened, Topic
from tests.hostile.terminals import HOSTILE, unseen
from tests.unit.local.replaying import PLAIN
from tests.unit.local.test_verdict import INCIDENT, START, at, mail

LOCAL = Path(__file__).parent.parent.parent.parent / "deploy" / "local"
NOWHERE = "127.0.0.1:1"  # nothing listens there
SAID = [text for text in HOSTILE.values() if len(text) < 1000]
IN_ARGUMENTS = [text for text in SAID if "\0" not in text and "\ud800" not in text]  # what an operating system hands over


def forewarn(*args: str) -> tuple[int, str]:
    """Returns what a command prints on both streams, and its exit code."""
    here = {"FOREWARN_KAFKA": NOWHERE, "FOREWARN_URLS": f"http://{NOWHERE}", "FOREWARN_MAILBOX": f"http://{NOWHERE}"}
    result = CliRunner().invoke(app, list(args), env=here)
    assert not isinstance(result.exception, Exception), result.exception
    return result.exit_code, result.output


def commands(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields every command that the command line has, by its words."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *path, name)


COMMANDS = dict(commands(typer.main.get_command(app)))


# ── the ways out ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_said_is_one_line_that_can_be_seen_and_ends(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"the subject is {text}.")
    out = capsys.readouterr().out
    assert out.startswith("the subject is ")
    assert out.count("\n") == 1
    assert not unseen(out)
    assert len(out) < 60_000


def test_what_can_be_seen_is_said_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say("Störung: 支払い – Оплата 👍 [red] %s", "")
    assert capsys.readouterr().out == "Störung: 支払い – Оплата 👍 [red] %s\n\n"


def test_a_terminal_without_a_character_gets_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    say("Störung …")
    assert raw.getvalue() == b"St\\xf6rung \\u2026\n"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_libraries_write_is_escaped_while_it_is_guarded(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with guarded():
        print(text)
        print(text, file=sys.stderr)
        sys.stderr.writelines([text])
    captured = capsys.readouterr()
    assert not unseen(captured.out + captured.err)


def test_nothing_of_the_command_line_prints_by_another_way() -> None:
    """A new module cannot forget to escape: it has nothing else to print with."""
    found = []
    for path in sorted({*LOCAL.rglob("*.py")} - {LOCAL / "terminal.py"}):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="print" | "input")):
                    found.append(f"{path.name}:{node.lineno}: {ast.unparse(node.func)}")
                case ast.Attribute(attr="echo" | "secho" | "rprint" | "write_through" | "__stdout__" | "__stderr__"):
                    found.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
                case ast.Call(func=ast.Attribute(attr="write" | "writelines", value=ast.Attribute(value=ast.Name(id="sys")))):
                    found.append(f"{path.name}:{node.lineno}: {ast.unparse(node.func)}")
                case ast.Call(func=ast.Attribute(attr="write", value=ast.Name(id="os"))):
                    found.append(f"{path.name}:{node.lineno}: os.write")
                case ast.ImportFrom(module="rich" | "rich.console" | "rich.markup", names=names):
                    found += [f"{path.name}:{node.lineno}: {each.name}" for each in names if each.name in ("Console", "print", "render")]
    assert not found


# ── mistakes in a command line ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_command_line_that_is_wrong_is_told_without_its_escapes(path: tuple[str, ...]) -> None:
    for text in IN_ARGUMENTS:
        code, out = forewarn(*path, f"--{text}=1")
        assert code == 2
        assert not unseen(out)


LACKING = {("replay",): ["--mapping", "no such"], ("people", "add"): ["--role", "agent"]}  # what the parser asks for before it looks on


@pytest.mark.parametrize("path", [path for path, command in COMMANDS.items() if path not in [("story",), ("simulate",)]], ids=" ".join)
def test_what_is_no_argument_of_a_command_is_told_without_its_escapes(path: tuple[str, ...]) -> None:
    lacking = LACKING.get(path, [])
    for text in IN_ARGUMENTS[:: 1 if len(path) < 2 else 4]:
        code, out = forewarn(*path, text, *lacking)
        assert code
        assert not unseen(out)


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "x.csv", "--mapping", "{}"),
        ("replay", "x.csv", "--mapping", "servicenow", "--speed", "{}"),
        ("replay", "x.csv", "--mapping", "servicenow", "--limit", "{}"),
        ("replay", "{}", "--mapping", "servicenow"),
        ("check-config", "{}"),
        ("dlq", "show", "x", "--offset", "{}"),
        ("simulate", "--rate", "{}"),
        ("demo", "--seed", "{}"),
        ("story", "--mailbox", "{}"),
        ("streams", "--url", "{}"),
        ("streams", "--url", "http://{}"),
    ],
    ids=" ".join,
)
def test_a_value_that_is_none_is_told_without_its_escapes(words: Sequence[str]) -> None:
    for text in IN_ARGUMENTS:
        code, out = forewarn(*(text if word == "{}" else word.replace("{}", text) for word in words))
        assert code
        assert not unseen(out)
        assert "Traceback" not in out


# ── files ────────────────────────────────────────────────────────────────────────────────────


def test_a_configuration_is_checked_without_its_escapes(tmp_path: Path) -> None:
    for text in SAID:
        quoted = json.dumps(text.replace("\ud800", "?").replace("\udcff", "?"))
        (tmp_path / "catalog.yml").write_text(f"components:\n  - {{id: {quoted}, name: {quoted}, {quoted}: 1}}\n{quoted}: {quoted}\n")
        (tmp_path / "rules.yml").write_text(f"rules:\n  - id: {quoted}\n    kind: {quoted}\n")
        (tmp_path / "support.yml").write_bytes(text.encode("utf-8", "replace"))
        if "\0" not in text:
            (tmp_path / f"{os.fsdecode(text.encode('utf-8', 'replace')).replace('/', '_')}.yml").write_text("")
        code, out = forewarn("check-config", str(tmp_path))
        assert code == 1
        assert "catalog.yml:" in out
        assert not unseen(out)


def test_a_file_is_replayed_without_its_escapes(kafka: str, tmp_path: Path) -> None:
    (tmp_path / "mapping.yml").write_text(PLAIN)
    cells = [text.encode("utf-8", "surrogatepass").replace(b"\n", b" ").replace(b"\r", b" ") for text in SAID]
    file = tmp_path / "\x1b[31m\u202e.csv"
    for name, content in {
        "no time": b"at,part\n" + b"".join(b"%s,checkout\n" % each.replace(b",", b";") for each in cells),
        "no component": b"at,part\n" + b"".join(b"2026-01-01,%s,\n" % each for each in cells),
        "no column": b",".join(cells) + b"\n",
        "damaged": b"\x1f\x8bdamaged",
    }.items():
        file.write_bytes(content)
        _, out = forewarn("replay", str(file), "--mapping", str(tmp_path / "mapping.yml"), "--kafka", kafka)
        assert out, name
        assert not unseen(out)
        assert "Traceback" not in out


# ── Kafka ────────────────────────────────────────────────────────────────────────────────────


def test_dead_letters_are_shown_without_their_escapes(kafka: str) -> None:
    async def put_aside() -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka) as sender:
            for text in SAID:
                raw = text.encode("utf-8", "surrogatepass")
                ours = [(f"forewarn-{name}", raw) for name in ("reason", "detail", "error", "topic", "attempts", "first-seen", "form")]
                own = [(text.encode("utf-8", "replace").decode(), raw)]
                await sender.send_and_wait(f"{Topic.TICKETS}.dlq", raw, key=raw, headers=[*own, *ours], partition=0)

    asyncio.run(put_aside())
    for words in (
        ["list"],
        ["show", Topic.TICKETS, "--latest", "50", "--unchecked"],
        ["redrive", Topic.TICKETS, "--dry-run", "--unchecked"],
    ):
        _, out = forewarn("dlq", *words, "--kafka", kafka)
        assert r"\x1b[31mred" in out
        assert not unseen(out)


# ── answers ──────────────────────────────────────────────────────────────────────────────────


@contextmanager
def answering(status: int, body: bytes, raw: bytes | None = None) -> Iterator[str]:
    """Yields the address of a server that says the same to everything; `raw` instead of an HTTP answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if raw is not None:
                self.wfile.write(raw)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Prints nothing in tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def streams_full_of(text: str) -> dict[str, Any]:
    """Returns what a service says of its streams, with the text wherever there is one."""
    sample = {"partition": 1, "offset": 2, "reason": text, "detail": text, "source": text}
    moment = "2026-11-24T10:00:00Z"
    brake = {"partition": 1, "engaged_at": moment, "reasons": {text: 3}, "samples": [sample], "release": None, "until": None}
    stream = {"topic": text, "trouble": text, "lag": 1, "dead_letters": {text: 3}, "pointers": 0, "samples": [sample], "brakes": []}
    unpublished = [{"topic": text, "reason": text, "rows": 1, "largest": None, "since": moment}]
    return {"service": text, "streams": [stream, {**stream, "brakes": [brake]}], "unpublished": unpublished}


@pytest.mark.parametrize("text", [text for text in SAID if "\ud800" not in text])
def test_what_services_say_is_shown_without_its_escapes(text: str) -> None:
    with answering(200, json.dumps(streams_full_of(text)).encode()) as url:
        _, out = forewarn("streams", "--url", url)
    assert "STOPPED by the brake" in out
    assert "the broker refused 1 records" in out
    assert not unseen(out)


@pytest.mark.parametrize("words", [(), ("release", "x"), ("publish",)])
@pytest.mark.parametrize(
    ("status", "body", "raw"),
    [
        (410, json.dumps({"detail": "\x1b[31m\u202e"}).encode(), None),
        (500, b"\x1b[31m\x00\xff", None),
        (200, b"[" * 100_000, None),
        (200, b'{"service": 1, "streams": [{}], "rows": "\\u001b[31m", "topic": null}', None),
        (200, b"", b"\x1b[31mnot http\x07\r\n\r\n"),
        (200, b"", b"HTTP/1.1 200 \x1b[31mfine\r\nContent-Length: 99\r\n\r\n{}"),
        (200, b"", b"HTTP/1.1 503 \x1b[31mfine\r\nContent-Length: 99\r\n\r\n{}"),
    ],
)
def test_an_answer_that_is_none_is_told_in_a_sentence(words: tuple[str, ...], status: int, body: bytes, raw: bytes | None) -> None:
    with answering(status, body, raw) as url:
        code, out = forewarn("streams", *words, "--url", url)
    assert code == 1
    assert url in out
    assert "Traceback" not in out
    assert not unseen(out)


@pytest.mark.parametrize("body", [b"[{}]", b"\x1b[31m", b'[{"id": "\\u001b", "time": "x", "envelope": {"to": []}}]', b"[" * 100_000])
def test_a_mailbox_that_is_none_is_told_in_a_sentence(body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    async def read() -> int:
        return len(await MailDev(url).mails())

    with answering(200, body) as url:
        assert run(read) == 1
    assert "does not answer as a MailDev does" in capsys.readouterr().err


# ── a story ──────────────────────────────────────────────────────────────────────────────────


def told(text: str) -> Witness:
    """Returns a story in which the text is an incident's title, a ticket's subject and a mail."""
    seen = Witness(published(), START.timestamp())
    data = IncidentOpened.Data(**{**INCIDENT, "title": text or "x"}, started_at=at(6), opened_at=at(9), why={})
    seen.saw_fact(IncidentOpened.of(data, subject="i-1", at=at(9)), at(9).timestamp())
    customer = min(seen.victims)
    answered = {"ticket_id": "t-1", "number": 1, "customer_id": customer, "channel": "form", "component": None, "priority": "normal"}
    ticket = TicketOpened.Data(**answered, subject=text, opened_at=at(10))
    seen.saw_fact(TicketOpened.of(ticket, subject="t-1", at=at(10)), at(10).timestamp())
    brought = [mail(customer, kind, 10.0) for kind in ("opened", "answer")]
    seen.saw_mails([type(each)(each.to, text, text, each.received_at, text, each.kind, text, text) for each in brought], at(11).timestamp())
    seen.note(at(12).timestamp(), text, text)
    return seen


@pytest.mark.parametrize("text", SAID)
def test_a_story_is_told_in_lines_without_its_escapes(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.say(text)
    lines.show(told(text))
    out = capsys.readouterr().out
    assert "opens an incident" in out
    assert not unseen(out)


@pytest.mark.usefixtures("_a_terminal")
@pytest.mark.parametrize("text", SAID)
def test_a_story_is_drawn_without_its_escapes_and_no_word_of_it_is_markup(text: str) -> None:
    drawn = _drawn(text)
    ours = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)  # colours and cursor moves of the picture itself
    assert not unseen(ours, keep="\n\r")
    assert "\x1b]8" not in drawn
    assert "open (high)" in ours
    if text.startswith("["):
        assert text[:10] in ours


@pytest.mark.usefixtures("_a_terminal")
def test_a_story_has_the_same_colours_whatever_its_words() -> None:
    styles = [set(re.findall(r"\x1b\[[0-9;]*m", _drawn(text))) for text in ("Checkout", "[blink reverse]x[/] \x1b[5;7mx", "[on red]x")]
    assert styles[0] == styles[1] == styles[2] != set()


@pytest.fixture
def _a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "60"}.items():
        monkeypatch.setenv(name, value)


def _drawn(text: str) -> str:
    out = io.StringIO()
    with Live(console=Screen(out), auto_refresh=False) as live:
        Picture(live).show(told(text))
        live.refresh()
    return out.getvalue()


# ── what a part of the stack leaves behind ───────────────────────────────────────────────────


def test_the_log_of_a_part_that_failed_is_shown_without_its_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    async def command() -> int:
        raise ExceptionGroup("several", [Failed("it ended", *SAID), OSError(13, "no", "\x1b[31m\n.yml")])

    assert run(command) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 2 + len(SAID)
    assert not unseen(err)


def test_an_error_that_nobody_expected_keeps_its_traceback_and_loses_its_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> int:
        raise KeyError(*SAID) from ValueError("\x1b[31m\u202e")

    monkeypatch.setattr("deploy.local.check.check", breaks)
    code, out = forewarn("check-config")
    assert code == 1
    assert "Traceback" in out
    assert not unseen(out)
