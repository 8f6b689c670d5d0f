"""Values that the parameters of several services have."""

WHEN = "now() - interval '1 hour'"
LEASE = "gen_random_uuid()"


def many(entry: str, count: int) -> str:
    """Returns an array with the numbers from 0 put where `{}` is."""
    return f"ARRAY[{', '.join(entry.format(number) for number in range(count))}]"
