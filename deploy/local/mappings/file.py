"""Defines what a mapping file may say: which file it reads, and how the rows become events. Pure."""

import codecs
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from shared.configuration.files import Config
from shared.mapping.model import Emitted, Place, Time, identified_apart, names_in
from shared.mapping.turning import Turning

OF_FILE = Place(frozenset({"file", "stem", "row"}), ("{file}:{row}",), ("/replay/{file}",))  # the stem is the name without its ending


def _encoding(name: str) -> str:
    try:
        "a".encode(name).decode(name, "surrogateescape")  # some codecs are not for text, or cannot go on after a mistake
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise ValueError(f"{name!r} is no encoding") from None


def column(name: str) -> Callable[[dict[str, Any]], Any]:
    """Returns what reads that column of a row."""
    return lambda row: row.get(name)


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


class Mapping(Config):
    """A mapping says how the rows of a file become events."""

    format: Literal["csv", "json", "access-log"] = Field(description="json: one object a line; access-log: common or (vhost_)combined")
    encoding: Annotated[str, AfterValidator(_encoding)] = Field("utf-8-sig", description="of the file, as Python names it")
    delimiter: str = Field(",", min_length=1, max_length=1, description="csv only")
    columns: list[str] | None = Field(None, description="csv only: their names, when the first line does not say them")
    missing: list[str] = Field([], description="how the file writes that there is nothing; an empty text always means that")
    time: Time = Field(description="when it happened")
    events: list[Emitted] = Field(min_length=1, description="what each row becomes, if it passes")

    def names_rows_by_file(self) -> bool:
        """Returns True when an event's identity says from which file, or from which row of it, it is."""
        identities = [text for each in self.events for text in (*(each.id or OF_FILE.id), *(each.source or OF_FILE.source))]
        return any(name in OF_FILE.own for text in identities for _, name in names_in(text))

    def turning(self, source: str | None = None) -> Turning:
        """Returns what turns rows by this mapping; `source` replaces the mapping's, to tell files of the same name apart."""
        said = [each if source is None else each.model_copy(update={"source": (_literal(source),)}) for each in self.events]
        return Turning(self.time, said, OF_FILE, column, self.missing)

    @model_validator(mode="after")
    def _distinct(self) -> "Mapping":
        identified_apart(self.events)
        return self
