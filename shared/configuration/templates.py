"""Texts that operators write with fields in braces, and the check that each field is known. Pure."""

from string import Formatter

from pydantic import AfterValidator


def naming_only(fields: frozenset[str]) -> AfterValidator:
    """Returns a validator that refuses a text with any other field when the file is read, rather than when a customer waits.

    Braces hold plain names: no attributes, indexes, conversions or formats, so that a text can do nothing but show.
    """

    def check(text: str) -> str:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None and (name not in fields or spec or conversion):
                raise ValueError(f"{{{name}}} is none of {', '.join(sorted(fields))}; a brace that is meant is written twice")
        return text

    return AfterValidator(check)
