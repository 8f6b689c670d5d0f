"""Finds or adds the person whom the identity provider says it is. Who is in none of the groups that have a role does not get in."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.console.sessions.places import groups_to_roles
from services.console.sessions.recognizing import highest
from services.console.settings import ConsoleSettings
from services.console.store import people
from services.console.store.people import Person
from shared.identity import person_trouble
from shared.postgres import Tx

NO_GROUP = "You are in none of the groups that may use Forewarn. Whoever runs the identity provider can add you to one."
NO_NAME = "The identity provider gives you no name that Forewarn can use. Whoever runs Forewarn can choose another claim."
TAKEN = "Somebody else is called as you are here. Whoever runs Forewarn can choose another claim, or remove them."
DISABLED = "You may not sign in at present. Whoever runs Forewarn can change that."


async def arrived(tx: Tx, settings: ConsoleSettings, claims: Mapping[str, Any]) -> Person | str:
    """Returns the person with the role that their groups give now, or words. A changed role ends the sessions they have."""
    role = role_of(settings, claims)
    if role is None:
        return NO_GROUP
    subject = f"{claims['iss']} {claims['sub']}"
    held = await people.of_subject(tx, subject)
    if held is None:
        return await _added(tx, settings, claims, role, subject)
    if held.disabled:
        return DISABLED
    if held.role != role:
        await people.change(tx, held.name, role=role)
    return Person(held.name, role, held.password, subject, disabled=False)


def role_of(settings: ConsoleSettings, claims: Mapping[str, Any]) -> str | None:
    """Returns the highest role that a person's groups give."""
    said = claims.get(settings.oidc_groups)
    groups = {said} if isinstance(said, str) else {each for each in said if isinstance(each, str)} if isinstance(said, list) else set()
    roles = groups_to_roles(settings.oidc_roles)
    return highest(roles[group] for group in groups & roles.keys())


async def _added(tx: Tx, settings: ConsoleSettings, claims: Mapping[str, Any], role: str, subject: str) -> Person | str:
    name = next(_names(settings, claims), None)
    if name is None:
        return NO_NAME
    if not await people.add(tx, name, role, by="provider", subject=subject):
        return TAKEN
    return Person(name, role, None, subject, disabled=False)


def _names(settings: ConsoleSettings, claims: Mapping[str, Any]) -> Iterator[str]:
    for claim in (settings.oidc_name, "email"):
        said = claims.get(claim)
        if isinstance(said, str) and person_trouble(said) is None:
            yield said
