"""A digest is for channels where one message can say several things."""

from services.notifier.audience import USABLE
from services.notifier.deciding.digest import ALONE
from services.notifier.deciding.rules.quiet import SYSTEMS
from services.notifier.wording.writing import SHORT


def test_what_systems_read_and_where_every_character_counts_each_thing_goes_alone() -> None:
    assert set(ALONE) == {*SYSTEMS, *SHORT}
    assert set(ALONE) < set(USABLE)
