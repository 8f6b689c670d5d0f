"""What mutes trouble: maintenance of its component, and the open incident of what the component hangs on; by event time."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.judging import steps
from services.monitor.incidents.life import Opened, State, moment
from services.monitor.incidents.muting import By, Muted, Mutes, Muting, Nearby, Quiet, Trouble
from services.monitor.windows.window import Window
from tests.builders import NOON
from tests.unit.monitor.builders import START, rule
from tests.unit.monitor.test_life import row

MINUTE = timedelta(minutes=1)
PERIOD = Quiet("m-1", NOON, NOON + 5 * MINUTE, frozenset({"checkout"}))
PARENT = Nearby("i-1", "failing", "database", NOON, None, shadow=False)
PARENTS = {"checkout": ("database",), "basket": ("checkout",)}
JUST_BEFORE = timedelta(microseconds=1)


def trouble(at: datetime = NOON, component: str = "checkout") -> Trouble:
    return Trouble("failing", component, at)


@pytest.mark.parametrize(
    ("mutes", "of", "by"),
    [
        (Mutes(), trouble(), None),
        (Mutes([PERIOD]), trouble(NOON - JUST_BEFORE), None),
        (Mutes([PERIOD]), trouble(NOON), Muting(By.MAINTENANCE, "m-1")),
        (Mutes([PERIOD]), trouble(PERIOD.ends_at - JUST_BEFORE), Muting(By.MAINTENANCE, "m-1")),
        (Mutes([PERIOD]), trouble(PERIOD.ends_at), None),
        (Mutes([PERIOD]), trouble(component="search"), None),
        (Mutes([replace(PERIOD, components=frozenset())]), trouble(component="search"), Muting(By.MAINTENANCE, "m-1")),
        (Mutes([], [PARENT], PARENTS), trouble(), Muting(By.PARENT, "i-1")),
        (Mutes([], [PARENT], PARENTS), trouble(NOON - JUST_BEFORE), None),
        (Mutes([], [PARENT], PARENTS), trouble(component="basket"), None),  # one hop
        (Mutes([], [PARENT], PARENTS), trouble(component="database"), None),
        (Mutes([], [PARENT]), trouble(), None),
        (Mutes([], [replace(PARENT, shadow=True)], PARENTS), trouble(), None),
        (Mutes([], [replace(PARENT, ended_at=NOON + MINUTE)], PARENTS), trouble(NOON + MINUTE - JUST_BEFORE), Muting(By.PARENT, "i-1")),
        (Mutes([], [replace(PARENT, ended_at=NOON + MINUTE)], PARENTS), trouble(NOON + MINUTE), None),
        (Mutes([PERIOD], [PARENT], PARENTS), trouble(), Muting(By.MAINTENANCE, "m-1")),
        # its own incident is known: what comes again is no news, and what mutes it now came later
        (Mutes([PERIOD], [replace(PARENT, component="checkout")]), trouble(), None),
        (Mutes([PERIOD], [replace(PARENT, component="checkout", rule="slow")]), trouble(), Muting(By.MAINTENANCE, "m-1")),
    ],
)
def test_trouble_is_muted_by(mutes: Mutes, of: Trouble, by: Muting | None) -> None:
    assert mutes.of(of) == by


OPEN = Nearby("i-2", "slow", "checkout", NOON, None, shadow=False)
FIVE = 5 * MINUTE


@pytest.mark.parametrize(
    ("near", "grouping", "at", "home"),
    [
        (OPEN, FIVE, NOON + FIVE, "i-2"),
        (OPEN, FIVE, NOON + FIVE + JUST_BEFORE, None),
        (OPEN, timedelta(), NOON, None),  # 0: each rule has its own
        (replace(OPEN, joined=frozenset({"slow", "failing"})), FIVE, NOON + 10 * FIVE, "i-2"),  # who has joined belongs to it
        (replace(OPEN, rule="failing", joined=frozenset({"slow", "failing"})), FIVE, NOON + 10 * FIVE, "i-2"),  # also who opened it
        (replace(OPEN, rule="failing"), FIVE, NOON, None),
        (replace(OPEN, shadow=True), FIVE, NOON, None),
        (replace(OPEN, merged=True), FIVE, NOON, None),
        (replace(OPEN, component="search"), FIVE, NOON, None),
        (replace(OPEN, ended_at=NOON + MINUTE), FIVE, NOON + MINUTE, None),
    ],
)
def test_trouble_joins_the_incident_that_another_rule_has_opened_shortly_before(
    near: Nearby, grouping: timedelta, at: datetime, home: str | None
) -> None:
    assert Mutes([], [near], grouping=grouping).home_of(trouble(at)) == home


def test_what_has_opened_or_was_joined_just_now_is_known() -> None:
    mutes, opened = Mutes(grouping=FIVE), Opened("i-2", START, {})
    assert mutes.home_of(trouble()) is None
    mutes.learn(opened, "slow", row(id="i-2", rule="slow", started_at=NOON))
    assert mutes.home_of(trouble()) == "i-2"
    mutes.learn(Joined("i-2", opened), "failing", None)
    assert mutes.home_of(trouble(NOON + 10 * FIVE)) == mutes.home_of(Trouble("slow", "checkout", NOON + 10 * FIVE)) == "i-2"


class TestWindowsInMaintenance:
    """A component fails from NOON on: 20 requests a second, each by another customer."""

    def walk(self, mutes: Mutes, failing_until: int, seconds: int) -> list[Any]:
        window, state, found = Window(), State(), []
        for second in range(seconds):
            at = START + second
            bad = 20 if second < failing_until else 0
            window.merge(0, at + 1, [(int(at), 20, bad, bad, at if bad else 0.0)])
            for one in steps(rule(), "checkout", window, state, int(at), mutes):
                state = one.state
                found += [each for each in (one.muted, one.decision) if each is not None]
        return found

    def quiet(self, seconds: float) -> Mutes:
        return Mutes([Quiet("m-1", NOON - MINUTE, NOON + timedelta(seconds=seconds), frozenset())])

    def test_what_failed_until_it_ended_opens_nothing(self) -> None:
        found = self.walk(self.quiet(60), failing_until=60, seconds=120)
        assert found
        assert {each.by for each in found} == {Muting(By.MAINTENANCE, "m-1")}

    def test_what_goes_on_failing_opens_an_incident_of_what_came_since(self) -> None:
        found = self.walk(self.quiet(60), failing_until=70, seconds=70)
        assert all(each.at < NOON + MINUTE for each in found if isinstance(each, Muted))
        [opened] = [each for each in found if isinstance(each, Opened)]
        assert moment(opened.started_at) >= NOON + MINUTE
        assert opened.why["events"] <= 10 * 20

    def test_an_incident_that_was_open_before_ends_as_ever(self) -> None:
        late = Mutes([Quiet("m-1", NOON + timedelta(seconds=10), NOON + MINUTE, frozenset())])
        kinds = [type(each).__name__ for each in self.walk(late, failing_until=20, seconds=59)]
        assert (kinds[0], kinds[-1]) == ("Opened", "Resolved")
        assert "Muted" not in kinds
