"""The roles of people, each of which may do what those before it may. Pure."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may see and do; the order counts."""

    VIEWER = "viewer"  # sees everything, personal data masked
    AGENT = "agent"  # works on tickets, sees personal data
    LEAD = "lead"  # ends incidents, exports whom they touched
    OPERATOR = "operator"  # runs it: people, erasures, streams, dead letters

    def may(self, needed: "Role") -> bool:
        """Returns True when this role includes the other."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)
