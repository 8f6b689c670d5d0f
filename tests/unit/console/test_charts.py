"""Charts are clean SVG with their figures beside them."""

import re
from datetime import UTC, datetime, timedelta

from services.console.frame.charts import MOST, evidence, lines

START = datetime(2026, 11, 26, 10, tzinfo=UTC)
POINTS = [(START + timedelta(minutes=at), float(value)) for at, value in enumerate((1, 2, 40, 38, 3))]
ATTACK = "</text><script>alert(1)</script><text onload='x'>"


def test_the_same_points_give_the_same_bytes() -> None:
    assert evidence(POINTS, 5, "errors") == evidence(POINTS, 5, "errors")


def test_nothing_inline_is_left_that_the_policy_forbids() -> None:
    drawn = evidence(POINTS, 5, "errors", unit="%")
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=|<!--|\sid=", drawn)
    assert drawn.count("<path") > 4


def test_a_text_from_outside_stays_a_text() -> None:
    drawn = lines({ATTACK: POINTS}, ATTACK, unit=ATTACK)
    assert "<script" not in drawn
    assert "<text onload" not in drawn


def test_it_says_in_words_what_the_picture_shows() -> None:
    drawn = evidence(POINTS, 5, "errors", unit="%")
    assert 'aria-label="errors: measured: from 1 % to 3 %, at most 40 %; the threshold is 5 %"' in drawn
    assert "threshold: 5 %" in drawn


def test_the_table_has_the_figures_latest_first() -> None:
    cells = re.findall(r"<td>([^<]+)</td>", evidence(POINTS, None, "errors"))
    assert cells == ["3", "38", "40", "2", "1"]


def test_many_points_keep_their_peak() -> None:
    many = [(START + timedelta(seconds=at), 900.0 if at == 777 else 1.0) for at in range(5000)]
    drawn = evidence(many, None, "errors")
    assert "900" in drawn
    assert len(re.findall(r"\d+\.\d+ \d+\.\d+", re.findall(r'd="(M[^"]+)" class="line', drawn)[-1])) <= MOST


def test_no_points_are_said_and_not_drawn() -> None:
    drawn = evidence([], 5, "errors")
    assert "No figures yet." in drawn
    assert "<svg" not in drawn


def test_a_gap_is_drawn_as_a_gap_and_listed_as_absent() -> None:
    drawn = evidence([POINTS[0], (POINTS[1][0], None), POINTS[2]], None, "errors")
    assert "<td>–</td>" in drawn


def test_one_point_alone_can_be_drawn() -> None:
    assert "<svg" in evidence(POINTS[:1], 5, "errors")
