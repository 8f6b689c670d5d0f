"""Reads catalog.yml: the product's components, the words customers use for them, and the words that speak of trouble. Pure."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.configuration.files import Config
from shared.events.lines import one_line
from shared.foreign import holds_link, is_plain_word

Words = Annotated[str, Field(min_length=1, max_length=100)]

LONGEST, TITLE = 500, 200  # characters of an incident's title: those that are examined, and those that a customer reads

# A phrase holds when its words stand together, in any order: "not work" also means "doesn't work", "never really worked" and "won't work".
TROUBLE: tuple[str, ...] = (
    *("error", "fail", "failure", "fault", "crash", "broken", "broke", "break", "bug", "glitch", "outage", "offline", "timeout"),
    *("hang", "hung", "stuck", "freeze", "froze", "frozen", "slow", "lag", "dead", "blank", "loop", "spinner", "spinning"),
    *("problem", "trouble", "issues", "issue with", "an issue", "unavailable", "unreachable", "unusable", "unresponsive", "impossible"),
    *("time out", "went wrong", "goes wrong", "something wrong", "wrong with", "is down", "went down", "still down", "stopped working"),
    *("not work", "not load", "not respond", "not open", "not react", "not start", "not finish", "not complete", "not go through"),
    *("not possible", "not available", "not accept", "not let", "keeps loading", "loads forever"),
    *("nothing happens", "does nothing", "returns nothing", "no response"),
    *("500", "502", "503", "504"),
    *("Fehler", "Fehlermeldung", "Störung", "gestört", "Ausfall", "ausgefallen", "kaputt", "defekt", "hängt", "langsam", "lahm"),
    *("abgestürzt", "stürzt ab", "bricht ab", "abgebrochen", "Abbruch", "scheitert", "fehlgeschlagen", "schlägt fehl", "spinnt"),
    *("geht nicht", "gehen nicht", "funktioniert nicht", "funktionieren nicht", "klappt nicht", "lädt nicht", "laden nicht"),
    *("reagiert nicht", "öffnet nicht", "nicht möglich", "nicht erreichbar", "nicht verfügbar", "nichts passiert", "passiert nichts"),
)


class Component(Config):
    """Is one component of the product."""

    name: Words = Field(description="as customers know it")
    synonyms: tuple[Words, ...] = Field((), description="what else they call it, and what they do with it")
    parents: tuple[Words, ...] = Field(
        (), description="the components it hangs on, by their ids: while an incident of one is open, none of this one is opened"
    )


class Catalog(Config):
    """The catalog lists the parts of the product. A component that is not listed is used under its own id."""

    components: dict[str, Component] = Field({}, description="by the id that events give")
    trouble: tuple[Words, ...] = Field(TROUBLE, description="words that speak of trouble, with any component; instead of those built in")
    unnamed: Words = Field("a part of our service", description="what customers read of a component whose own name they must not")

    @field_validator("components")
    @classmethod
    def _hang_together(cls, components: dict[str, Component]) -> dict[str, Component]:
        """Refuses a parent that is not listed, and a component that hangs on itself. Each mistake stands where the parent is named."""
        mistakes = [
            InitErrorDetails(type=PydanticCustomError("parents", "{why}", {"why": why}), loc=(id_, "parents", at), input=parent)
            for id_, component in components.items()
            for at, parent in enumerate(component.parents)
            if (why := _refused(components, id_, parent)) is not None
        ]
        if mistakes:
            raise ValidationError.from_exception_data(cls.__name__, mistakes)
        return components

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        """Refuses a word for two components: it would decide by their order in the file."""
        owner: dict[str, str] = {}
        for component in self.components:
            for word in {name.casefold() for name in self.names(component)}:
                if (other := owner.setdefault(word, component)) != component:
                    raise ValueError(f'"{word}" means both {other} and {component}')
        return self

    @property
    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """Returns what each component that is listed hangs on."""
        return {id_: component.parents for id_, component in self.components.items()}

    def component(self, said: str | None) -> str | None:
        """Returns the component somebody means, by its id, name or a synonym in any case; an unknown one stays as it was said."""
        if said is None or not said.strip():
            return None
        wanted = said.strip().casefold()
        known = (key for key in self.components if wanted in (name.casefold() for name in self.names(key)))
        return next(known, said.strip())

    def name(self, component: str) -> str:
        """Returns the component's name as customers know it."""
        return self.components[component].name if component in self.components else component

    def told(self, component: str) -> str:
        """Returns the component as customers may read it: the name that is listed, or an id that can only be an identifier.

        Anybody who may send events names components, and must not write to customers by that.
        """
        known = self.component(component) or ""
        if known in self.components:
            return self.components[known].name
        return component if is_plain_word(component) else self.unnamed

    def title(self, title: str, component: str) -> str:
        """Returns an incident's title as customers may read it: the component in it is named as in `told`, the rest comes from its rule.

        A title that has a link all the same does not come from a rule: the component's name replaces it.
        """
        told = self.told(component)
        said = _renamed(title[:LONGEST], component, told, whole=told != self.unnamed) if component else title[:LONGEST]
        return told if holds_link(said) else one_line(said, TITLE)

    def names(self, component: str) -> tuple[str, ...]:
        """Returns all names of the component, its id first."""
        return tuple(self._names(component))

    def _names(self, component: str) -> Iterator[str]:
        yield component
        if component in self.components:
            yield self.components[component].name
            yield from self.components[component].synonyms


def _refused(components: Mapping[str, Component], component: str, parent: str) -> str | None:
    """Returns why a component cannot hang on that parent; None when it can."""
    if parent not in components:
        return f'"{parent}" is no component of this file'
    above, seen = [parent], {parent}
    for each in above:
        if each == component:
            return f"{component} would hang on itself"
        new = [one for one in (components[each].parents if each in components else ()) if one not in seen]
        seen.update(new)
        above += new
    return None


def _renamed(text: str, name: str, told: str, *, whole: bool) -> str:
    """Returns the text with `told` for `name`; `whole`: only where neither a letter nor a digit is beside it."""
    said, end = [], 0
    while (start := text.find(name, end)) >= 0:
        said.append(text[end:start])
        end = start + len(name)
        inside = whole and any(map(str.isalnum, text[max(start - 1, 0) : start] + text[end : end + 1]))
        said.append(name if inside else told)
    return "".join([*said, text[end:]])
