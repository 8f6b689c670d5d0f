"""Reads the file of tokens that FOREWARN_TOKENS_FILE names: who may call, in which role, and hashes. `forewarn tokens` writes it."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from shared.configuration.files import Config
from shared.http.tokens import KEY_ID
from shared.identity import Caller, Holder, Role, name_trouble

MOST_CALLERS = 1000  # a service reads so many in about a second
MOST_TOKENS = 10  # of one caller: one, and those it is rotating away from


def _named(name: str) -> str:
    if why := name_trouble(name):
        raise ValueError(why)
    return name


class Token(Config):
    """Is one token of a caller, by its hash."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: AwareDatetime
    ends_at: AwareDatetime | None = None  # null: works until it is revoked

    @property
    def key_id(self) -> str:
        """Returns the id that people tell the token by: its holder can compute it."""
        return self.sha256[:KEY_ID]


class Entry(Config):
    """Is one caller."""

    role: Role
    may_act_for_others: bool = False
    tokens: Annotated[tuple[Token, ...], Field(min_length=1, max_length=MOST_TOKENS)]


class TokensFile(Config):
    """Lists everybody who has a token of their own, by name."""

    callers: Annotated[dict[Annotated[str, AfterValidator(_named)], Entry], Field(max_length=MOST_CALLERS)] = {}

    @model_validator(mode="after")
    def _one_holder_for_each(self) -> "TokensFile":
        hashes = [token.sha256 for entry in self.callers.values() for token in entry.tokens]
        if len({*hashes}) < len(hashes):
            raise ValueError("one sha256 is there twice: a token has one holder")
        return self

    def holders(self) -> dict[str, Holder]:
        """Returns what each token stands for, by its hash."""
        return {
            token.sha256: Holder(Caller(name, entry.role), entry.may_act_for_others, token.ends_at)
            for name, entry in self.callers.items()
            for token in entry.tokens
        }
