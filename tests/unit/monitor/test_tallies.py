"""Tallies are stored in pieces that nothing takes long to pack."""

from collections.abc import Mapping

import pytest

from services.monitor.fold.tallies import PIECE, Rows, Tally, pieces


def rows(component: str, count: int) -> Rows:
    return {component: {f"c-{number}": Tally(0.0, 1.0, 1, number) for number in range(count)}}


@pytest.mark.parametrize("sizes", [(1,), (PIECE,), (PIECE + 1,), (PIECE - 1, 2, 0, 2 * PIECE)])
def test_together_the_pieces_are_all_rows_and_none_is_larger_than_a_piece(sizes: tuple[int, ...]) -> None:
    everything: dict[str, Mapping[str, Tally]] = {}
    for number, size in enumerate(sizes):
        everything |= rows(f"part-{number}", size)
    together: dict[str, dict[str, Tally]] = {}
    for piece in pieces(everything):
        assert 0 < sum(map(len, piece.values())) <= PIECE
        for component, customers in piece.items():
            together.setdefault(component, {}).update(customers)
    assert together == {component: customers for component, customers in everything.items() if customers}


def test_no_rows_are_one_piece_too() -> None:
    assert list(pieces({})) == [{}]
    assert list(pieces({"part": {}})) == [{}]
