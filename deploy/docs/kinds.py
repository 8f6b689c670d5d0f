"""Describes a list whose entries are of several kinds: what all of them may say stands once, and each kind has a table of its own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deploy.docs.schemas import Schema


@dataclass(frozen=True)
class Key:
    """Is one row of a table."""

    path: str
    kind: str
    default: str  # "required" where there is none
    meaning: str
    example: str = ""


@dataclass(frozen=True)
class Kinds:
    """The models that an entry may be, told apart by what one of their keys says."""

    key: str
    models: Mapping[str, str]  # what the key says → the model's name
    way: str  # from the key that holds them: `[]` where that is a list
    default: str | None  # the model that an entry is which leaves the key out

    def model_of(self, entry: object) -> str | None:
        """Returns the model of one entry of a file."""
        said = entry.get(self.key) if isinstance(entry, dict) else None
        return self.default if said is None else self.models.get(said)


def kinds_of(models: Iterable[str], definitions: Mapping[str, Schema], way: str) -> Kinds | None:
    """Returns what tells these models apart: a key that each of them wants to say something else. None when there is no such key."""
    said = {name: _constants(definitions[name]) for name in models}
    for key in next(iter(said.values()), {}):
        values = [constants.get(key) for constants in said.values()]
        if len(values) > 1 and None not in values and len(set(values)) == len(values):
            default = next((name for name in said if "default" in definitions[name]["properties"][key]), None)
            return Kinds(key, dict(zip(map(str, values), said, strict=True)), way, default)
    return None


def _constants(of: Schema) -> dict[str, object]:
    return {key: said["const"] for key, said in of["properties"].items() if "const" in said}


def apart(tables: Mapping[str, list[Key]]) -> tuple[list[Key], dict[str, list[Key]]]:
    """Returns the rows that stand once for several kinds, and those that are left to each. `tables`: what a kind is called → its rows.

    What most of the kinds that have a key say of it stands once; a kind that says something else keeps its own row.
    """
    having: dict[str, dict[str, Key]] = {}
    for kind, rows in tables.items():
        for row in rows:
            having.setdefault(row.path, {})[kind] = row
    shared = {path: _alike(of) for path, of in having.items()}
    common = [_once(of, tables) for of in shared.values() if of]
    return common, {kind: [row for row in rows if kind not in shared[row.path]] for kind, rows in tables.items()}


def _said(row: Key) -> tuple[str, str, str]:
    return row.kind, row.default, row.meaning


def _alike(of: Mapping[str, Key]) -> dict[str, Key]:
    """Returns the rows of one key that say what most of them say; none when only one does, or as many say something else."""
    [(said, number)] = Counter(map(_said, of.values())).most_common(1)
    return {kind: row for kind, row in of.items() if _said(row) == said} if 1 < number > len(of) / 2 else {}


def _once(of: Mapping[str, Key], tables: Mapping[str, object]) -> Key:
    """Returns the row for all who have it; where that is not every kind, the row says which."""
    row = next(iter(of.values()))
    example = next((each.example for each in of.values() if each.example), "")
    missing = [f"`{kind}`" for kind in tables if kind not in of]
    having = [f"`{kind}`" for kind in of]
    for_whom = f"not of {', '.join(missing)}: " if len(missing) < len(having) else f"of {', '.join(having)}: "
    return Key(row.path, row.kind, row.default, (for_whom if missing else "") + row.meaning, example)
