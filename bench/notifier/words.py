"""The mails of the benchmark with the words that are shipped: an outage told in two languages, each as text and as HTML."""

from collections.abc import Callable
from dataclasses import replace

from bench.notifier.mails import LINK, NAMES, SHOP
from deploy.local.check import SHIPPED
from deploy.local.sampling import ADA, situation_of, voice_of
from services.notifier.audience import Contact
from services.notifier.channels.email.mail import compose
from services.notifier.situation import Situation
from services.notifier.wording.forms import Event
from services.notifier.wording.merging import Writer

LOCALES = ("en", "de", "de-AT", "fr")


def situations(count: int) -> list[Situation]:
    """Returns as many customers of one outage, each with a name, a locale and an id of their own."""
    catalog = voice_of([SHIPPED]).catalog
    made = []
    for number in range(count):
        who = replace(ADA, id=f"c-{number}", name=NAMES[number % len(NAMES)], locale=LOCALES[number % len(LOCALES)])
        made.append(situation_of(Event.OPENED, who, "failing", catalog))
    return made


def writer() -> Callable[[Situation], bytes]:
    """Returns what makes a mail of a situation: words, HTML and all."""
    voice = voice_of([SHIPPED])
    writer = Writer(voice.policy.texts, voice.catalog, "Shop", voice.books)

    def mail(situation: Situation) -> bytes:
        notification = situation.notification
        contact, link = Contact("email", f"{notification.customer_id}@example.org"), LINK.replace("{number}", notification.customer_id)
        return compose(writer.write(situation, contact, link), SHOP)

    return mail
