"""Says of which customers a condition over their attributes holds, in the condition language of rules: whom a maintenance is for. Pure.

`{tier: [gold, silver], revenue: {above: 1000}}` holds of a customer when every attribute that it names holds.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.conditions import MISSING, Wanted, tests_of

ATTRIBUTES = frozenset({"account", "account_manager", "locale", "revenue", "tier", "timezone"})  # of `customer.updated`

IsOf = Callable[[Mapping[str, Any]], bool]  # says of a customer, by their attributes, whether they are of the audience

_wanted: TypeAdapter[Mapping[str, Wanted]] = TypeAdapter(Mapping[str, Wanted])


class Unreadable(Exception):
    """A later version wrote a condition that this one cannot read."""


def everybody(_: Mapping[str, Any]) -> bool:
    """Every customer is of the audience."""
    return True


def audience_of(where: Mapping[str, Any] | None) -> IsOf:
    """Returns whom the condition is about; everybody, when there is none. An attribute without a value is not there.

    Raises Unreadable: nobody may be told by a condition of which only a part is understood.
    """
    if where is None:
        return everybody
    try:
        read = _wanted.validate_python(where)
    except ValidationError as error:
        raise Unreadable(f"{error.error_count()} conditions cannot be read") from None
    if not read or not read.keys() <= ATTRIBUTES:
        raise Unreadable("it names no attribute of customers, or one that is not known")
    tests = tests_of(read)

    def holds(attributes: Mapping[str, Any]) -> bool:
        return all(test(MISSING if (value := attributes.get(name)) is None else value) for name, test in tests)

    return holds
