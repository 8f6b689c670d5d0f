"""The log of a process: trouble is said when it begins and summed up while it lasts; information is never left out."""

import io
import logging
from dataclasses import dataclass, field

import pytest

from shared.observing.logs import KINDS, OVER, Summing


@dataclass
class Log:
    """A logger of its own whose clock is moved by hand."""

    now: float = 100.0
    stream: io.StringIO = field(default_factory=io.StringIO)
    logger: logging.Logger = field(default_factory=lambda: logging.Logger("test", logging.INFO))

    def __post_init__(self) -> None:
        self.logger.addHandler(Summing(self.stream, lambda: self.now))

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def test_thirty_three_thousand_lines_in_45_seconds_become_a_handful_that_say_how_many_there_were(log: Log) -> None:
    for number in range(33_000):
        log.now = 100 + 45 * number / 33_000
        log.logger.error("Unable connect to node with id %d: [Errno 111] Connection refused", number % 3)
    log.now += 30
    log.logger.info("Kafka is back")
    assert len(log.lines()) <= 8
    assert log.lines()[0] == "Unable connect to node with id 0: [Errno 111] Connection refused"
    told = sum(int(line.split("… and ")[1].split()[0].replace(",", "")) + 1 for line in log.lines() if "more like it" in line)
    assert 1 + told == 33_000


def test_what_is_only_information_is_never_left_out(log: Log) -> None:
    for number in range(500):
        log.logger.info("incident %d opened", number)
    assert len(log.lines()) == 500


def test_other_words_are_another_kind_and_are_said_at_once(log: Log) -> None:
    log.logger.error("Kafka refused us")
    log.logger.error("Postgres refused us")
    log.logger.warning("Kafka refused us")
    assert len(log.lines()) == 3


def test_only_the_first_of_a_flood_shows_its_traceback(log: Log) -> None:
    for _ in range(1000):
        log.now += 0.1
        try:
            raise ConnectionRefusedError("no")
        except ConnectionRefusedError:
            log.logger.exception("Task exception was never retrieved")
    assert log.stream.getvalue().count("Traceback") == 1
    assert len(log.lines()) < 20


def test_a_kind_that_was_quiet_for_long_is_new_again_and_one_just_before_is_not(log: Log) -> None:
    log.logger.error("refused")
    log.now += OVER
    log.logger.error("refused")
    assert log.lines() == ["refused", "refused"]  # the second one summed up, since the pause was over
    log.now += OVER + 0.1
    log.logger.error("refused")
    log.logger.error("refused")
    assert log.lines() == ["refused", "refused", "refused"]


def test_a_single_line_left_out_is_said_as_it_was(log: Log) -> None:
    log.logger.error("refused by 1")
    log.logger.error("refused by 2")
    log.now += 5
    log.logger.info("later")
    assert log.lines() == ["refused by 1", "later", "refused by 2"]


def test_thekinds_it_remembers_are_limited(log: Log) -> None:
    handler = log.logger.handlers[0]
    assert isinstance(handler, Summing)
    for number in range(2 * KINDS):
        log.logger.error("the table %s is away", "x" * (number % 190) + "y" * (number // 190))
    assert len(handler.kinds) == KINDS
