"""The ranking of a shop's customers: what is read of its invoices, and how a ranking is measured. The rows are made up."""

import asyncio
import csv
import gzip
import math
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random

import pytest

from bench import retail
from bench.retail.auc import auc, standard_error
from bench.retail.invoices import NotRetail, added_up, events, invoices
from bench.retail.ranking import ranked

BEGUN = datetime(2010, 12, 1, 9, tzinfo=UTC)
CUT = BEGUN + timedelta(days=200)

Row = Mapping[str, str]


def row(day: float, customer: str, number: str | None = None, quantity: int = 6, price: float = 50.0) -> Row:
    at = BEGUN + timedelta(days=day)
    return {
        "InvoiceNo": number or f"{customer}/{day}",
        "InvoiceDate": f"{at:%Y-%m-%d %H:%M:%S}",
        "CustomerID": f"{customer}.0" if customer else "",
        "Quantity": str(quantity),
        "UnitPrice": str(price),
    }


def shop() -> list[Row]:
    """Returns the rows of a year: some come each fortnight, some did until day 100, and some came once, of whom half come back."""
    loyal = [row(day, f"1{number}") for number in range(5) for day in range(number, 365, 14)]
    gone = [row(day, f"2{number}") for number in range(5) for day in range(number, 100, 14)]
    once = [row(day, f"3{number}") for number in range(6) for day in ((150, 250) if number % 2 else (150,))]
    return sorted([*loyal, *gone, *once], key=lambda each: each["InvoiceDate"])


def written(file: Path, rows: Sequence[Row]) -> Path:
    with gzip.open(file, "wt", newline="") if file.suffix == ".gz" else file.open("w", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return file


def measured(*said: str) -> dict[str, object]:
    parser = ArgumentParser()
    parser.add_argument("parts", nargs="*")
    retail.arguments(parser)
    return asyncio.run(retail.measure(parser.parse_args(said)))


def test_the_auc_is_the_share_of_pairs_in_the_right_order_and_equal_scores_count_half() -> None:
    dice = Random(1)
    for _ in range(50):
        scores, happened = [dice.randrange(5) for _ in range(30)], [dice.random() < 0.4 for _ in range(29)] + [True]
        happened[0] = False
        some = [score for score, one in zip(scores, happened, strict=True) if one]
        others = [score for score, one in zip(scores, happened, strict=True) if not one]
        pairs = [(a > b) + 0.5 * (a == b) for a, b in product(some, others)]
        assert auc(scores, happened) == pytest.approx(sum(pairs) / len(pairs))
    assert math.isnan(auc([1, 2], [True, True]))
    assert math.isnan(standard_error(math.nan, 2, 0))
    assert standard_error(0.75, 800, 800) == pytest.approx(0.0121, abs=1e-4)


def test_the_lines_of_an_invoice_are_added_up_and_cancellations_and_strangers_are_left_out() -> None:
    rows = [row(1, "17", "5", 2, 10), row(0.5, "17", "5", 1, 2.5), row(2, "17", "C6"), row(2, "", "7"), row(0, "18", "4")]
    found = added_up(rows)
    assert [(each.number, each.customer, each.amount, each.lines) for each in found] == [("4", "18", 300.0, 1), ("5", "17", 22.5, 2)]
    first, second = events(found)
    assert (first.type, first.subject, first.time) == ("com.example.order", "18", BEGUN)
    assert second.data == {"amount": 22.5, "lines": 2}


def test_whoever_has_gone_is_ranked_before_whoever_comes_each_fortnight() -> None:
    found = ranked(added_up([each for each in shop() if not each["CustomerID"].startswith("3")]), CUT, CUT + timedelta(days=90))
    assert (found.customers, found.none, found.auc, found.recency) == (10, 5, 1.0, 1.0)
    assert found.by_rule == {"silence": 1.0, "decline": 1.0}


def test_what_comes_after_the_cut_changes_no_score() -> None:
    """Whoever came once looks alike, whether they come back or not."""
    found = ranked(added_up([each for each in shop() if each["CustomerID"].startswith("3")]), CUT, CUT + timedelta(days=90))
    assert (found.customers, found.none, found.auc) == (6, 3, 0.5)


@pytest.mark.parametrize("name", ["shop.csv", "shop.csv.gz"])
def test_the_bench_says_its_figures_for_the_cut_and_each_month(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = written(tmp_path / name, shop())
    figures = measured("retail", "--data", str(file), "--cut", "2011-06-19")
    assert (figures["customers"], figures["bought_nothing"]) == (16, 8)
    months = [f"2011-0{month}-01" for month in (4, 5, 6, 7, 8, 9)]
    by_cut = figures["auc_by_cut"]
    assert isinstance(by_cut, dict)
    assert list(by_cut) == sorted([*months, "2011-06-19"])
    assert by_cut["2011-06-19"] == figures["auc"]
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 7
    assert said[3].startswith("2011-06-19 (the cut): AUC ")


def test_the_cut_is_two_thirds_of_the_time_unless_another_is_named(tmp_path: Path) -> None:
    file = written(tmp_path / "shop.csv", shop())
    last = max(invoices(file), key=lambda each: each.at).at
    assert retail.figures(file)["cut"] == str((BEGUN + 2 / 3 * (last - BEGUN)).date())
    with pytest.raises(NotRetail, match="90 days that follow"):
        retail.figures(file, date(2011, 11, 1))


def test_without_the_data_the_bench_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="retail needs --data FILE"):
        measured("retail")
    with pytest.raises(SystemExit, match="No such file"):
        measured("retail", "--data", str(tmp_path / "nowhere.csv"))
    assert measured() == {"bench": "retail", "missing": "--data FILE"}


def test_a_file_that_is_not_online_retail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotRetail, match="there is no column CustomerID, InvoiceDate"):
        invoices(written(tmp_path / "other.csv", [{"InvoiceNo": "1", "Quantity": "1", "UnitPrice": "1"}]))
    with pytest.raises(NotRetail, match=r"bad.csv:2: could not convert string to float: 'much'"):
        invoices(written(tmp_path / "bad.csv", [dict(row(0, "1")) | {"Quantity": "much"}]))
    with pytest.raises(NotRetail, match="of 1 customers 0 bought nothing"):
        retail.figures(written(tmp_path / "one.csv", [row(day, "1") for day in range(300)]))
    with pytest.raises(SystemExit, match="less than 180 days"):
        measured("retail", "--data", str(written(tmp_path / "short.csv", [row(0, "1")])))
