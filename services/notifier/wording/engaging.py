"""What we learn of how a mail is used, where that is allowed: by an image, by links through us, by the question if it helped. Pure."""

import html
import re
from dataclasses import dataclass

from pydantic import Field

from services.notifier.links import Links, Use, What
from services.notifier.notification import Kind, Notification
from shared.configuration.files import Config

ASKED = (Kind.RESOLVED, Kind.GUIDANCE)  # of which we ask whether they helped
LONGEST = 1000  # characters of an address that is led to through us: a longer one stays as it is

_link = re.compile(r'(?<=\shref=")(https?://[^"]+)(?=")')
IMAGE = '<img src="{}" width="1" height="1" alt="">'


class Engagement(Config):
    """What we learn of how customers use what they were told by mail."""

    opens: bool = Field(False, description="when it was opened, by an invisible image; programs load it, too, so that it is a hint")
    clicks: bool = Field(False, description="that a link in it was followed: links of HTML lead through FOREWARN_PUBLIC_URL")
    helped: bool = Field(True, description="whether all-clears and guidance helped, by a question under them")


@dataclass(frozen=True, slots=True)
class Engaging:
    """What is put into the mails of one deployment."""

    policy: Engagement
    links: Links

    def question(self, notification: Notification) -> str:
        """Returns the link to where it is said whether it helped; empty for what is not asked about."""
        asked = self.policy.helped and notification.kind in ASKED
        return self.links.to(Use(What.HELPED, notification.id)) if asked else ""

    @property
    def changes_pages(self) -> bool:
        """Says whether anything is counted by what stands in a page."""
        return self.policy.clicks or self.policy.opens

    def page(self, page: str, notification_id: str) -> str:
        """Returns the HTML of a mail with what counts clicks, and opening. Links to us stay as they are."""
        if self.policy.clicks:
            page = _link.sub(lambda found: self._through_us(found.group(), notification_id), page)
        if self.policy.opens:
            body, end, rest = page.rpartition("</body>")
            image = IMAGE.format(self.links.to(Use(What.OPENED, notification_id)))
            page = f"{body}{image}\n{end}{rest}" if end else f"{page}{image}\n"
        return page

    def _through_us(self, said: str, notification_id: str) -> str:
        url = html.unescape(said)
        is_ours = url == self.links.public_url or url.startswith(f"{self.links.public_url}/")
        return said if is_ours or len(url) > LONGEST else self.links.to(Use(What.CLICKED, notification_id, url))


NOTHING = Engaging(Engagement(opens=False, clicks=False, helped=False), Links("", ""))
