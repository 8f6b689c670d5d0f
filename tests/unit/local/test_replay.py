"""`forewarn replay` sends what the rows became, in time and at the speed asked for, and says what became of each row."""

import gzip
import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.processes import Failed
from deploy.local.replay import Plan, mapping_of, replay_on
from shared.connecting.brokers import Brokers
from shared.events import Topic
from tests.unit.local.replaying import PLAIN, SERVICENOW, mapping
from tests.unit.simulator.test_play import everything


def command(*args: str) -> Any:
    return CliRunner().invoke(app, ["replay", *args])


async def events(kafka: str, count: int) -> list[dict[str, Any]]:
    return [json.loads(each.value) for each in await everything(kafka, Topic.PRODUCT_EVENTS, count)]


async def test_the_servicenow_log_becomes_requests_and_the_same_ones_again(kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(str(SERVICENOW), mapping_of("servicenow"))
    first = await replay_on(Brokers(kafka), plan)
    assert (first.rows, first.sent, first.left_out, first.refused.total()) == (65, 12, 53, 0)
    assert capsys.readouterr().out.startswith("65 rows: 12 events sent, 53 rows left out, 0 refused; ")
    await replay_on(Brokers(kafka), plan)
    sent = await everything(kafka, Topic.SUPPORT_REQUESTS, 24)
    assert len({(each.key, each.value) for each in sent}) == 12


async def test_a_messages_timestamp_is_now_so_that_retention_lets_old_events_be_read(kafka: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,part\n2016-01-01,checkout\n")
    await replay_on(Brokers(kafka), Plan(str(tmp_path / "log.csv"), mapping(tmp_path)))
    [sent] = await everything(kafka, Topic.PRODUCT_EVENTS, 1)
    assert abs(sent.timestamp / 1000 - time.time()) < 60
    assert json.loads(sent.value)["time"] == "2016-01-01T00:00:00+00:00"


async def test_several_files_are_sent_in_time(kafka: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        packed.writestr("one.csv", "at,part\n2026-01-01,a\n2026-01-03,a\n")
        packed.writestr("two.csv", "at,part\n2026-01-02,a\n2026-01-04,a\n")
    await replay_on(Brokers(kafka), Plan(f"{tmp_path}/x.zip:*.csv", mapping(tmp_path), source="/one"))
    ids = [event["id"] for event in await events(kafka, 4)]  # one component: one key, so one partition
    assert ids == ["one.csv:1", "two.csv:1", "one.csv:2", "two.csv:2"]


async def test_rows_that_do_not_fit_are_counted_by_reason_and_the_first_few_shown(
    kafka: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log.csv").write_text("at,part\n2026-01-01,a\nbroken\n" + "\x1b[31mnever,a\n" * 8)
    tally = await replay_on(Brokers(kafka), Plan(str(tmp_path / "log.csv"), mapping(tmp_path)))
    assert tally.refused == {"no_time": 8, "wrong_columns": 1}
    first, *more = capsys.readouterr().out.splitlines()
    assert first.startswith("10 rows: 1 events sent, 0 rows left out, 9 refused; ")
    assert more[:3] == ["  8 no_time", "  1 wrong_columns", "  log.csv line 3, row 2: wrong_columns: 1, and not 2"]
    assert len(more) == 2 + 5
    assert not any("\x1b" in line for line in more)


async def test_a_limit_is_of_rows(kafka: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,part\n" + "2026-01-01,a\n" * 100)
    tally = await replay_on(Brokers(kafka), Plan(str(tmp_path / "log.csv"), mapping(tmp_path), limit=7))
    assert (tally.rows, tally.sent) == (7, 7)


async def test_a_speed_keeps_the_gaps_between_rows(kafka: str, tmp_path: Path) -> None:
    moments = ["10:00:00", "10:00:30", "10:00:20", "10:01:00"]  # the third is late, and delays nothing
    (tmp_path / "log.csv").write_text("at,part\n" + "".join(f"2026-01-01 {moment},a\n" for moment in moments))
    await replay_on(Brokers(kafka), Plan(str(tmp_path / "log.csv"), mapping(tmp_path), speed=60))
    first, second, third, last = (each.timestamp for each in await everything(kafka, Topic.PRODUCT_EVENTS, 4))
    assert 450 <= second - first <= 800
    assert third - second < 200
    assert 950 <= last - first <= 1300


async def test_an_event_larger_than_a_batch_goes_out_like_any_other(kafka: str, tmp_path: Path) -> None:
    text = PLAIN.replace("csv", "json").replace('"{part}"', 'a, text: "{part}"')
    rows = [json.dumps({"at": "2026-01-01", "part": "x" * size}) + "\n" for size in (10, 900_000, 10)]
    (tmp_path / "log.jsonl").write_text("".join(rows))
    await replay_on(Brokers(kafka), Plan(str(tmp_path / "log.jsonl"), mapping(tmp_path, text)))
    assert [len(event["data"]["text"]) for event in await events(kafka, 3)] == [10, 900_000, 10]


async def test_a_kafka_that_does_not_answer_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,part\n2026-01-01,a\n")
    with pytest.raises(Failed, match=r"Kafka at 127\.0\.0\.1:1: .*what has arrived counts once"):
        await replay_on(Brokers("127.0.0.1:1"), Plan(str(tmp_path / "log.csv"), mapping(tmp_path)))


# ── standard input ───────────────────────────────────────────────────────────────────────────


FOREWARN = (sys.executable, "-c", "from deploy.local.cli import app; app()")


@contextmanager
def piped(kafka: str, folder: Path, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `forewarn replay -` in a process of its own, whose standard input the test writes."""
    mapping(folder)
    command = (*FOREWARN, "replay", "-", "--mapping", str(folder / "mapping.yml"), "--kafka", kafka, *args)
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[bytes], rest: bytes | None = b"") -> tuple[int, str]:
    """Returns the exit code and what was printed, after the rest was written and the pipe closed."""
    out, err = process.communicate(rest, timeout=30)
    return process.returncode, (out + err).decode()


def write(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(data)
    process.stdin.flush()


ROWS = b"at,part\n2026-01-01,a\n2026-01-02,b\n"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_standard_input_is_read_packed_or_not(kafka: str, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    with piped(kafka, tmp_path, "--source", "/web-1") as process:
        code, said = ended(process, pack(ROWS + b'never,c\n"x\ny",d\n'))
    assert code == 0
    assert "4 rows: 2 events sent, 0 rows left out, 2 refused; " in said
    assert "  stdin line 4, row 3: no_time: " in said
    assert "  stdin line 6, row 4: no_time: " in said
    assert sorted(event["id"] for event in await events(kafka, 2)) == ["stdin:1", "stdin:2"]


async def test_a_row_is_sent_when_it_comes_and_not_when_the_next_one_does(kafka: str, tmp_path: Path) -> None:
    with piped(kafka, tmp_path, "--source", "/web-1") as process:
        write(process, ROWS)
        assert len(await events(kafka, 2)) == 2
        write(process, b"2026-01-03,c\n")
        assert len(await events(kafka, 3)) == 3
        code, said = ended(process)
    assert (code, said.split(";")[0]) == (0, "3 rows: 3 events sent, 0 rows left out, 0 refused")


async def test_ctrl_c_ends_it_while_nothing_comes(kafka: str, tmp_path: Path) -> None:
    with piped(kafka, tmp_path, "--source", "/web-1") as process:
        write(process, ROWS)
        await events(kafka, 2)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        code, said = ended(process)
    assert code == 130
    assert said.startswith("2 rows: 2 events sent, ")
    assert "Fatal" not in said


def test_a_stream_without_a_name_needs_a_source(kafka: str, tmp_path: Path) -> None:
    with piped(kafka, tmp_path) as process:
        code, said = ended(process)
    assert code == 1
    assert "standard input has no name that events could be told apart by: say --source" in said


def test_a_stream_whose_rows_have_ids_of_their_own_needs_none(kafka: str) -> None:
    command = (*FOREWARN, "replay", "-", "--mapping", "servicenow", "--kafka", kafka)
    done = subprocess.run(command, input=SERVICENOW.read_bytes(), capture_output=True, timeout=30, check=True)
    assert b"65 rows: 12 events sent, 53 rows left out, 0 refused" in done.stdout


def test_a_zip_is_not_read_from_standard_input(kafka: str, tmp_path: Path) -> None:
    with piped(kafka, tmp_path, "--source", "/web-1") as process:
        code, said = ended(process, b"PK\x03\x04 and more")
    assert (code, "a zip is read from its end" in said) == (1, True)


def test_a_limit_ends_it_while_the_pipe_stays_open(kafka: str, tmp_path: Path) -> None:
    with piped(kafka, tmp_path, "--source", "/web-1", "--limit", "1") as process:
        write(process, ROWS)
        assert process.wait(timeout=30) == 0


# ── the command ──────────────────────────────────────────────────────────────────────────────


def test_strict_fails_when_a_row_was_refused(kafka: str, tmp_path: Path) -> None:
    mapping(tmp_path)
    (tmp_path / "log.csv").write_text("at,part\n2026-01-01,a\nnever,a\n")
    args = (str(tmp_path / "log.csv"), "--mapping", str(tmp_path / "mapping.yml"), "--kafka", kafka)
    assert command(*args).exit_code == 0
    strict = command(*args, "--strict")
    assert strict.exit_code == 1
    assert "2 rows: 1 events sent, 0 rows left out, 1 refused" in strict.output


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "inf", "nan", ""])
def test_a_speed_that_is_none_is_a_mistake_of_usage(speed: str) -> None:
    assert command(str(SERVICENOW), "--mapping", "servicenow", "--speed", speed).exit_code == 2


def test_a_file_that_is_not_there_is_told_in_a_sentence() -> None:
    result = command("nowhere.csv", "--mapping", "servicenow", "--kafka", "127.0.0.1:1")
    assert result.exit_code == 1
    assert "No such file or directory: 'nowhere.csv'" in result.output
