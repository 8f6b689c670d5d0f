"""Makes the secrets of the compose stack on its first run, one folder per holder; what exists is never changed.

Each folder is a volume of its own, so that a container sees only the secrets it uses. Beside them it makes the file of tokens, with the
console's in it: `forewarn tokens` adds those of others. To rotate a secret, delete its files and bring the stack up again:
`deploy.init` sets the roles' passwords to what the files say.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

from deploy import console_token, tokens_file
from deploy.services import NAMES, SERVICES

TOKENS_FILE = "callers/tokens.yml"
TOKEN_OF_CONSOLE = "console/console_token"  # noqa: S105  its path
COMMAND_LINE = "forewarn"  # the compose service that runs `forewarn …`

SECRETS: dict[str, tuple[str, ...]] = {
    "the password of Postgres' superuser": ("postgres/password",),
    **{f"the password of {service}'s role": (f"{service}/database_password",) for service in NAMES},
    **{
        f"the bearer token of {role}s": tuple(f"{holder}/{role}_token" for holder in (*NAMES, *beside))
        for role, beside in {"producer": (), "agent": (), "operator": (COMMAND_LINE,)}.items()
    },
    **{what: (f"{spec.name}/{secret}",) for spec in SERVICES for secret, what in spec.secrets.items()},
    "the password of Grafana's admin": ("grafana/admin_password",),
}
HOLDERS = sorted({name.partition("/")[0] for names in SECRETS.values() for name in names})


def ensure(root: Path) -> list[str]:
    """Writes every file of SECRETS that is missing or empty under `root`; says which secrets that concerned.

    A secret with several files has one value: the first that is found, else a new one of 256 random bits.
    """
    written = []
    for what, names in SECRETS.items():
        values = {root / name: _read(root / name) for name in names}
        if all(values.values()):
            continue
        value = next(filter(None, values.values()), token_urlsafe(32))
        for path in (path for path, found in values.items() if not found):
            _write(path, value)
        written.append(what)
    return written


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _write(path: Path, value: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(value)
    # Readers run under other uids without the right to override modes; the volume is what keeps others out.
    new.chmod(0o444)
    new.replace(path)


def ensure_known(root: Path, now: datetime) -> list[str]:
    """Makes the file of tokens unless there is one, and the console's token known in it; says what was done or hinders it."""
    made = ["made the file of tokens"] * tokens_file.ensure(root / TOKENS_FILE)
    said = console_token.make_known(root / TOKENS_FILE, _read(root / TOKEN_OF_CONSOLE), now)
    return [*made, said] if said else made


if __name__ == "__main__":
    root = Path(sys.argv[1])
    done = [f"made {each}" for each in ensure(root)] + ensure_known(root, datetime.now(UTC).replace(microsecond=0))
    for each in done or ["made nothing: all of it is there"]:
        print(each, flush=True)
