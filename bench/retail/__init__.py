"""How well `silence` and `decline` rank the customers of a shop by the risk that they buy nothing in the following 90 days.

It needs the data (`--data online_retail.csv`, also .gz; see invoices.py): a year of invoices. They are folded up to a cut by the code that
folds them live, without Kafka and Postgres; then each rule is asked for its chance that a customer buys nothing, of every customer who has
bought before, and the mean of the two ranks them. Beside it: the time since the last purchase, and the number of days with one, each alone.

The cut is two thirds of the data's time; the same is said for every first of a month with 90 days before it and after it. The parameters
of the models are those that were published for other customers. What was chosen with this data at hand, rules.yml says.
"""

import math
from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.retail.invoices import NotRetail, invoices
from bench.retail.ranking import Ranked, ranked

AROUND = timedelta(days=90)  # what must be known before a cut, and after it
TWO_THIRDS = 2 / 3


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="FILE", help="retail: Online Retail (UCI 352) as .csv or .csv.gz; without it: left out"
    )
    parser.add_argument("--cut", type=date.fromisoformat, metavar="DATE", help="retail: where the past ends; two thirds of the data's time")


async def measure(said: Namespace) -> dict[str, object]:
    if said.data is None:
        if "retail" in said.parts:
            raise SystemExit("retail needs --data FILE: Online Retail, https://doi.org/10.24432/C5BW33, as .csv or .csv.gz")
        return {"bench": "retail", "missing": "--data FILE"}
    try:
        return figures(said.data, said.cut)
    except (OSError, NotRetail) as error:
        raise SystemExit(f"retail: {error}") from None


def figures(file: Path, cut: date | None = None) -> dict[str, object]:
    """Returns what the bench says, and prints a line for each cut. Raises NotRetail, and OSError."""
    found = invoices(file)
    if not found or found[-1].at - found[0].at < 2 * AROUND:
        raise NotRetail(f"{file}: this is less than {2 * AROUND.days} days of invoices")
    first, last = found[0].at, found[-1].at
    chosen = _midnight(cut or (first + TWO_THIRDS * (last - first)).date())
    if not first < chosen <= last - AROUND:
        raise NotRetail(f"{chosen.date()}: of a cut the first purchases and the {AROUND.days} days that follow must be known")
    by_cut = {each: ranked(found, each, each + AROUND) for each in sorted({chosen, *_months(first + AROUND, last - AROUND)})}
    for each, ranking in by_cut.items():
        print(f"{each.date()}{' (the cut)' if each == chosen else ''}: {ranking}", flush=True)
    if math.isnan(by_cut[chosen].auc):
        raise NotRetail(
            f"{chosen.date()}: of {by_cut[chosen].customers} customers {by_cut[chosen].none} bought nothing: there is nothing to rank"
        )
    return {
        "bench": "retail",
        "cut": str(chosen.date()),
        **by_cut[chosen].figures(),
        "auc_by_cut": {str(each.date()): _rounded(ranking) for each, ranking in by_cut.items()},
    }


def _months(begin: datetime, end: datetime) -> list[datetime]:
    """Returns the first of each month from `begin` to `end`."""
    days = (begin.date() + timedelta(days=number) for number in range((end - begin).days + 2))
    return [at for day in days if day.day == 1 and begin <= (at := _midnight(day)) <= end]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _rounded(ranking: Ranked) -> float | None:
    return None if math.isnan(ranking.auc) else round(ranking.auc, 3)
