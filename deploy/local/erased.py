"""Asks the services which customers that dead letters name were erased. It asks by digests, and so tells them no ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deploy.local.asking import ask_all
from deploy.local.processes import Failed
from shared.letters.erased import Found, named
from shared.letters.letters import Place
from shared.routes.customers import MOST
from shared.routes.customers import Found as Answer

UNKNOWN = "no service says which customers were erased: mend that, or have their letters treated as any other by --unchecked"


@dataclass
class Erased:
    """Asks these services; with none of them nobody counts as erased."""

    urls: Sequence[str] = ()
    token: str = field(default="", repr=False)
    _anybody: bool | None = None  # whether anybody was erased at all; None until a service has answered

    async def among(self, letters: Found) -> dict[Place, frozenset[str]]:
        """Returns whom each of these records names that was erased after it came. Raises Failed when no service answers."""
        if not self.urls or not letters or not await self._any():
            return {}
        return await named(letters, self._find)

    async def _any(self) -> bool:
        if self._anybody is None:
            self._anybody = bool(any(found.anybody for found in await self._ask([])))
        return self._anybody

    async def _find(self, digests: Sequence[str]) -> Mapping[str, datetime]:
        found: dict[str, datetime] = {}
        for begin in range(0, len(digests), MOST):
            for said in await self._ask(digests[begin : begin + MOST]):
                found |= {each: max(at, found.get(each, at)) for each, at in said.erased.items()}
        return found

    async def _ask(self, digests: Sequence[str]) -> list[Answer]:
        """Returns the answers of those services that answer. One that is behind knows of fewer erasures, so all are asked."""
        answers = await ask_all(self.urls, self.token, "/v1/erasures/find", Answer, {"digests": list(digests)})
        said = [answer.said for answer in answers if answer.said]
        if not said:
            raise Failed(*(answer.complaint() for answer in answers), UNKNOWN)
        return said
