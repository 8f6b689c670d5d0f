"""A delivery moves from one status to another by a table."""

from services.notifier.delivery import MOVES, DeliveryStatus


def test_the_statuses_of_a_delivery_have_moves_and_each_is_reached() -> None:
    reached = {DeliveryStatus.SENDING, *(status for after in MOVES.values() for status in after)}
    assert MOVES.keys() == set(DeliveryStatus) == reached
    assert MOVES[DeliveryStatus.DELIVERED] == (DeliveryStatus.FAILED,), "what was delivered may come back, and nothing else"
