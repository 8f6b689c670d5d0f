"""Implements `forewarn tokens`: gives named callers tokens, rotates and revokes them, in the file that the services read.

A token is shown once, when it is made. Standard output has nothing but the token, so that a script can take it from there.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from deploy import tokens_file
from deploy.local.terminal import say
from deploy.tokens_file import Change, Refused
from shared.configuration.files import ConfigError, Duration
from shared.http.tokens import mint, sha256, without_tokens
from shared.http.tokens_file import MOST_CALLERS, MOST_TOKENS, Entry, Token, TokensFile
from shared.identity import Role, name_trouble
from shared.observing.printable import printable

R = TypeVar("R")

LONGEST_OVERLAP = timedelta(days=30)
LINE = "{:<24} {:<10} {:<8} {:<10} {:<26} {}"  # of the table

File = Annotated[
    Path, typer.Option("--file", envvar="FOREWARN_TOKENS_FILE", help="The file of tokens, as the services' FOREWARN_TOKENS_FILE names it.")
]
Name = Annotated[str, typer.Argument(help="Who calls: a product system, a person, a console.", show_default=False)]

tokens = typer.Typer(help="Tokens: who may call, in which role; made, rotated and revoked without a restart.", no_args_is_help=True)


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@tokens.command()
def add(
    name: Name,
    file: File,
    role: Annotated[Role, typer.Option(help="What the caller may do.", show_default=False)],
    may_act_for_others: Annotated[
        bool, typer.Option("--may-act-for-others", help="It says in the header Forewarn-Acting-For who acts, and is believed.")
    ] = False,
) -> None:
    """Makes a token for a new caller and prints it, this once."""
    token = mint(role)
    entry = Entry(role=role, may_act_for_others=may_act_for_others, tokens=(_token(token, _now()),))
    _changed(file, partial(added, name=name, entry=entry))
    _show(token, f"{name} may call as {role} with this token. It is shown once; only its hash is kept.")


@tokens.command()
def rotate(
    name: Name,
    file: File,
    overlap: Annotated[str, typer.Option(metavar="DURATION", help="How long the old token works beside the new one.")] = "24h",
) -> None:
    """Makes another token for a caller and prints it, this once; the old one works until the overlap is over."""
    now, token, lasting = _now(), "", _duration(overlap)

    def decide(held: TokensFile) -> TokensFile | Refused:
        nonlocal token
        entry = held.callers.get(name)
        token = mint(entry.role) if entry else ""
        return rotated(held, name, _token(token, now), now + lasting)

    _changed(file, decide)
    until = f"work until {_time(now + lasting)}; `--overlap 0s` ends them at once" if lasting else "work no more"
    _show(token, f"{name} has a new token. It is shown once. Older ones {until}.")


@tokens.command()
def revoke(name: Name, file: File) -> None:
    """Takes all tokens of a caller away. Services refuse them within two seconds."""
    _changed(file, partial(revoked, name=name))
    say(f"{name} has no token any more; services refuse it within two seconds", error=True)


@tokens.command(name="list")
def list_(file: File) -> None:
    """Shows who has tokens: the key id is the beginning of the hash, never a part of the token."""
    if not _reading(file.exists):
        _fail(f"{printable(file)}: there is no such file; `forewarn tokens add` makes it")
    held = _reading(partial(tokens_file.read, file))
    say(LINE.format("name", "role", "acts for", "key id", "created", "works until").rstrip(), *_table(held, _now()))


# ── decisions ────────────────────────────────────────────────────────────────────────────────


def added(held: TokensFile, name: str, entry: Entry) -> TokensFile | Refused:
    """Returns the file with one caller more; names are unique."""
    if why := name_trouble(name):
        return Refused(why)
    if name in held.callers:
        return Refused(f"{name} has a token already: `forewarn tokens rotate {name}` makes another one")
    if len(held.callers) == MOST_CALLERS:
        return Refused(f"there are {MOST_CALLERS:,} callers, which is the most: revoke those who call no more")
    return TokensFile(callers={**held.callers, name: entry})


def rotated(held: TokensFile, name: str, token: Token, ends_at: datetime) -> TokensFile | Refused:
    """Returns the file with one token more for a caller; those before end at `ends_at`, or earlier if they were to; ended ones go."""
    entry = held.callers.get(name)
    if entry is None:
        return _nobody(name)
    ending = [(each, min(each.ends_at or ends_at, ends_at)) for each in entry.tokens]
    kept = tuple(each.model_copy(update={"ends_at": end}) for each, end in ending if end > token.created_at)
    if len(kept) == MOST_TOKENS:
        return Refused(f"{name} has {MOST_TOKENS} tokens that work: rotate it with `--overlap 0s`, or when some have ended")
    return TokensFile(callers={**held.callers, name: entry.model_copy(update={"tokens": (*kept, token)})})


def revoked(held: TokensFile, name: str) -> TokensFile | Refused:
    """Returns the file without a caller; the name is free again."""
    if name not in held.callers:
        return _nobody(name)
    return TokensFile(callers={each: entry for each, entry in held.callers.items() if each != name})


def _nobody(name: str) -> Refused:
    return Refused(f"nobody has a token by the name of {printable(without_tokens(name), longest=64)}")


# ── the edge ─────────────────────────────────────────────────────────────────────────────────


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _token(token: str, now: datetime) -> Token:
    return Token(sha256=sha256(token), created_at=now)


def _duration(said: str) -> timedelta:
    try:
        found = TypeAdapter(Duration).validate_python(said)
    except ValidationError:
        _fail(f"--overlap is a duration like 24h, 90m or 0s, not {printable(said, longest=40)}")
    if found > LONGEST_OVERLAP:
        _fail(f"--overlap is at most {LONGEST_OVERLAP.days} days")
    return found


def _changed(file: Path, decide: Change) -> None:
    """Makes the change. Ends the command with the reason when it is refused."""
    if refused := _reading(partial(tokens_file.change, file, decide)):
        _fail(refused.why)


def _reading(act: Callable[[], R]) -> R:
    """Returns what the act returns. Ends the command with every mistake of the file, or with what the system said."""
    try:
        return act()
    except ConfigError as error:
        _fail(*str(error).split("\n"))
    except OSError as error:
        _fail(f"{printable(error.filename or 'the file of tokens')}: {error.strerror}")


def _fail(*lines: str) -> NoReturn:
    say(*lines, error=True)
    raise typer.Exit(1)


def _show(token: str, words: str) -> None:
    say(words, error=True)
    say(token)


def _table(held: TokensFile, now: datetime) -> Iterator[str]:
    for name, entry in sorted(held.callers.items()):
        for token in entry.tokens:
            others = "others" if entry.may_act_for_others else ""
            yield LINE.format(name, entry.role, others, token.key_id, _time(token.created_at), _end(token, now)).rstrip()


def _end(token: Token, now: datetime) -> str:
    if token.ends_at is None:
        return "it is revoked"
    return _time(token.ends_at) if now < token.ends_at else f"{_time(token.ends_at)} (over)"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ", "seconds")
