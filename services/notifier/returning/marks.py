"""Addresses are shown in part to whoever need not know them. Pure."""

HIDDEN = "•••"


def masked(address: str) -> str:
    """Returns what tells addresses apart and leads nowhere: `a•••@example.org`; of a number or a URL the last two characters."""
    local, at, domain = address.rpartition("@")
    if at and "/" not in address:
        return f"{local[:1]}{HIDDEN}@{domain}"
    return f"{HIDDEN}{address[-2:]}" if len(address) > 4 else HIDDEN
