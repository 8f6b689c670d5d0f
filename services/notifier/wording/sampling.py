"""Of those who wait for an approval three messages are shown as they would be sent, that with the most missing fields among them. Pure."""

from dataclasses import replace

from pydantic import BaseModel

from services.notifier.audience import Contact, contact_for
from services.notifier.channels.outcome import Rendered
from services.notifier.permission import Permission
from services.notifier.situation import Situation
from services.notifier.wording.sealing import NOBODY, Write
from services.notifier.wording.texts import Text
from shared.events.lines import cut, one_line
from shared.foreign import is_name

SUBJECT, TEXT, HTML = 250, 20_000, 200_000  # characters that are shown


class Sample(BaseModel):
    """A message as one customer would read it, without the footer and its link."""

    customer_id: str
    missing: list[str]  # what the directory does not know of them
    channel: str  # by which it would go
    subject: str
    text: str


class Rendering(BaseModel):
    """A message in full, as it would be sent but for the link to stop."""

    subject: str
    text: str
    html: str | None  # the page that mail programs show; null: there is none, or it is too long to be shown


def missing(situation: Situation) -> list[str]:
    """Returns what is not known of the customer that words may name, or that decides how they are read."""
    customer = situation.customer
    if customer is None:
        return ["customer", "name", "timezone", "address"]
    known = {"name": is_name(customer.name), "timezone": customer.timezone != "UTC", "address": contact_for(customer) is not None}
    return [name for name, given in known.items() if not given]


def as_read(write: Write, situation: Situation, words: Text | None) -> Sample:
    """Returns the message to this customer, in the words that the audience has."""
    message, channel = _written(write, situation, words)
    return Sample(
        customer_id=situation.notification.customer_id,
        missing=missing(situation),
        channel=channel,
        subject=one_line(message.words.subject, SUBJECT),
        text=cut(message.words.body, TEXT),
    )


def as_shown(write: Write, situation: Situation, words: Text | None) -> Rendering:
    """Returns the same message with its page."""
    nobodys = replace(situation, notification=replace(situation.notification, customer_id=""))  # a link that acts for nobody
    message, _ = _written(write, nobodys, words)
    html = message.html if message.html is not None and len(message.html) <= HTML else None
    return Rendering(subject=one_line(message.words.subject, SUBJECT), text=cut(message.words.body, TEXT), html=html)


def _written(write: Write, situation: Situation, words: Text | None) -> tuple[Rendered, str]:
    """Returns the message, and the channel by which this customer can be reached; by e-mail where there is none."""
    contact = (contact_for(situation.customer) if situation.customer else None) or NOBODY.contacts[0]
    return write(replace(situation, permission=Permission(words=words)), Contact(contact.channel, contact.address), ()), contact.channel
