"""A report is matched to the notification that it is about: by its sealed return path, else by the Message-ID of what it returns. Pure.

An address alone matches nothing: it may be anybody's, and anybody can write one into a report.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.notifier.audience import Contact, with_ascii_domain
from services.notifier.channels.email.bounces.report import Report
from services.notifier.channels.email.verp import ReturnPaths


@dataclass(frozen=True, slots=True)
class Match:
    """The notification that a report is about, and by what."""

    notification_id: str
    return_path: str = ""  # empty: it was matched by a Message-ID


@dataclass(frozen=True, slots=True)
class Matching:
    """Knows how our mails are marked."""

    domain: str  # of every Message-ID of ours
    paths: ReturnPaths | None = None  # None: mails have no return paths of their own

    def match(self, report: Report) -> Match | None:
        """Returns which notification it is about; None when it is about no mail of ours."""
        for path in report.return_paths if self.paths else ():
            if self.paths and (found := self.paths.notification_of(path)) is not None:
                return Match(found, path)
        return next((Match(found) for each in report.message_ids if (found := self.notification_of(each))), None)

    def notification_of(self, message_id: str) -> str | None:
        """Returns the notification whose Message-ID this is, with its <> or without; None for any other."""
        id_, _, domain = message_id.strip().strip("<>").rpartition("@")
        return id_ if id_ and domain.lower() == self.domain.lower() else None

    def contact_of(self, match: Match, contacts: Iterable[Contact], recipients: Iterable[str]) -> Contact | None:
        """Returns the customer's address that the mail went to; None when that is not known, as their addresses have changed.

        The return path knows; without one it is the address that the report names, if it is theirs.
        """
        theirs = [contact for contact in contacts if contact.channel == "email"]
        if self.paths and match.return_path:
            return next((each for each in theirs if self.paths.went_to(match.return_path, each.address)), None)
        named = {each.lower() for each in recipients}
        return next((each for each in theirs if {each.address.lower(), with_ascii_domain(each.address).lower()} & named), None)
