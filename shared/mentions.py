"""Finds a customer in a message as it is stored, and takes out what is about them. Pure."""

import json
from typing import Any

import msgspec

NAMES = ("subject", "customer_id")  # fields that say whom an object is about


def quoted(customer_id: str) -> list[bytes]:
    """Returns how JSON may write the id, with its quotes: so `c-1` is not found in `c-17`."""
    forms = {json.dumps(customer_id), json.dumps(customer_id, ensure_ascii=False)}
    return sorted(form.encode("utf-8", "surrogatepass") for form in forms)


def without(value: bytes, customer_id: str) -> bytes | None:
    """Returns the JSON of a message without the list items and entries about the customer; None when all of it is about them.

    What is no JSON, or names the customer in another way, counts as about them.
    """
    try:
        said = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if _is_about(said, customer_id):
        return None
    rest = msgspec.json.encode(_rest(said, customer_id))
    return None if any(form in rest for form in quoted(customer_id)) else rest


def _is_about(said: Any, customer_id: str) -> bool:
    """Returns True when the object, or one that is nested in it otherwise than in a list, names the customer."""
    if not isinstance(said, dict):
        return bool(said == customer_id)
    return any(said.get(name) == customer_id for name in NAMES) or any(
        _is_about(held, customer_id) for held in said.values() if isinstance(held, dict)
    )


def _rest(said: Any, customer_id: str) -> Any:
    if isinstance(said, dict):
        return {name: _rest(held, customer_id) for name, held in said.items() if name != customer_id}
    if isinstance(said, list):
        return [_rest(held, customer_id) for held in said if not _is_about(held, customer_id)]
    return said
