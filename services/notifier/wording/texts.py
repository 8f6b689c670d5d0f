"""The texts of `notifications.yml`, and the fields they may name in braces."""

from typing import Annotated

from pydantic import AfterValidator, Field

from services.notifier.wording.locales import is_locale
from shared.configuration.files import Config
from shared.configuration.templates import naming_only

FIELDS = frozenset(
    {
        *("name", "title", "component", "severity", "started_at", "sender", "subject", "body", "ticket", "unsubscribe", "article"),
        *("host", "helped", "count"),
        *("note", "news", "workaround", "estimate", "next_update", "starts_at", "ends_at"),
    }
)  # what a text may name

Template = Annotated[str, Field(max_length=20_000), naming_only(FIELDS)]


class Text(Config):
    """One kind of notification in words. They may name, in braces: name, title, component, severity, started_at (by the customer's
    clock), sender, subject, body and ticket (of a reply), unsubscribe (the link), article (its address, in words of that kind), host (of
    an endpoint that is called no more), helped (the link to say whether it helped; in mails of which that is asked),
    news (of an incident: all that a person says of it), of maintenance starts_at, ends_at and note (what its planner says), and of a
    digest subject (of its first item), count (of the others) and body (all items)."""

    subject: Template = Field(description="one line")
    body: Template = Field(description="a paragraph is one line: mail programs wrap it")


class OwnWords(Config):
    """The own words of one rule, or one symptom; what is not given is said in the general words."""

    opened: Text | None = Field(None, description="trouble has begun")
    likely: Text | None = Field(None, description="trouble has begun, for a customer whom it may affect: nothing of theirs has failed")
    updated: Text | None = Field(None, description="there is news of it")
    resolved: Text | None = Field(None, description="it is over")
    withdrawn: Text | None = Field(None, description="nothing judges the incident any more: no all-clear")
    dismissed: Text | None = Field(None, description="a person said that it was a false alarm")
    article: Text | None = Field(None, description="the customer is at risk, and an article says how to get on")
    help: Text | None = Field(None, description="the customer is at risk, and a person offers help")


LIKELY = Text(
    subject="{title}: we are on it",
    body="Hello {name},\n\nthere is trouble with {component} since {started_at}. You have used it, so it may affect you, too."
    " If it does, you did nothing wrong: it is on our side, we know of it, and we are working on it.\n\n"
    "We will tell you as soon as it is over.\n\n{sender}",
)
WITHDRAWN = Text(
    subject="{component}: this notice ends",
    body="Hello {name},\n\nwe told you of trouble with {component} that began at {started_at}. We do not watch for this trouble"
    " any longer, so we cannot tell you when it is over, and this notice ends here.\n\n"
    "If anything still fails for you, just answer this mail.\n\n{sender}",
)
DISMISSED = Text(
    subject="{component}: it was a false alarm",
    body="Hello {name},\n\nwe told you of trouble with {component} since {started_at}. It was a false alarm on our side,"
    " and we are sorry for it.\n\nIf anything does fail for you, just answer this mail.\n\n{sender}",
)


UPDATED = Text(
    subject="{component}: news of the trouble",
    body="Hello {name},\n\nthere is news of the trouble with {component} that began at {started_at}. It still goes on, and we are working"
    " on it.\n\n{news}\n\nWe will tell you as soon as it is over.\n\n{sender}",
)
PLANNED = Text(
    subject="Maintenance: {title}",
    body="Hello {name},\n\nwe work on our product: {title}. It begins at {starts_at} and ends at {ends_at}.\n\n{note}\n\n"
    "You need not do anything. We will tell you when it is over.\n\n{sender}",
)
CHANGED = Text(
    subject="Maintenance, changed: {title}",
    body="Hello {name},\n\nwhat we told you of our maintenance has changed: {title}. It begins at {starts_at} and ends at {ends_at}."
    "\n\n{note}\n\n{sender}",
)
STARTED = Text(
    subject="Maintenance has begun: {title}",
    body="Hello {name},\n\nthe maintenance that we told you of has begun: {title}. It ends at {ends_at}.\n\n{note}\n\n{sender}",
)
ENDED = Text(
    subject="Maintenance is over: {title}",
    body="Hello {name},\n\nthe maintenance that we told you of is over: {title}. If anything does not work for you now,"
    " just answer this mail."
    "\n\n{sender}",
)
CANCELLED = Text(
    subject="Maintenance is called off: {title}",
    body="Hello {name},\n\nthe maintenance that we told you of is called off: {title}. You need not do anything.\n\n{sender}",
)

ARTICLE = Text(
    subject="This may help you on",
    body="Hello {name},\n\nit seems that something is not going for you as it should. This page says what mostly helps:\n\n"
    "{article}\n\nIf it does not, just answer this mail: a person reads it.\n\n{sender}",
)
HELP = Text(
    subject="Can we help you?",
    body="Hello {name},\n\nit seems that something is not going for you as it should, and we would like to help."
    " Just answer this mail and say what you are trying to do: a person reads it and gets back to you.\n\n{sender}",
)

DIGEST = Text(
    subject="{subject} (and {count} more)",
    body="Hello {name},\n\nhere is all that has happened:\n\n{body}\n\n"
    "If anything does not work for you, just answer this mail.\n\n{sender}",
)


def _not_called(why: str) -> Text:
    return Text(
        subject="We no longer call your webhook at {host}",
        body="Hello {name},\n\nwe have stopped calling the webhook at {host} that you registered with us. " + why + "\n\n"
        "What we have to tell you reaches you in another way until then. When the endpoint works again, please tell us:"
        " we switch it on, and send again what it has missed.\n\n{sender}",
    )


ENDPOINT_GONE = _not_called("It answered 410 (Gone), which says that it is no more.")
ENDPOINT_FAILING = _not_called("It has not taken the last calls.")


def _a_locale(tag: str) -> str:
    if not is_locale(tag):
        raise ValueError("this is no locale as BCP 47 and CLDR have it, such as en or de-AT")
    return tag


class Texts(Config):
    """The texts of notifications. A rule's own texts win over its symptom's, and these over the general ones."""

    locale: Annotated[str, AfterValidator(_a_locale)] = Field("en", description="what these texts are written in: en, de, de-AT")
    nameless: str = Field("there", max_length=100, description="stands for {name} when the directory has none that can be used")
    opened: Text = Field(description="trouble has begun, and affects the customer")
    likely: Text = Field(LIKELY, description="trouble has begun, and may affect the customer: nothing of theirs has failed")
    updated: Text = Field(UPDATED, description="there is news of it, for those who were told")
    resolved: Text = Field(description="it is over")
    withdrawn: Text = Field(WITHDRAWN, description="nothing judges the incident any more: no all-clear")
    dismissed: Text = Field(DISMISSED, description="a person said that it was a false alarm")
    article: Text = Field(ARTICLE, description="a customer is at risk, and an article says how to get on")
    help: Text = Field(HELP, description="a customer is at risk, and a person offers help")
    maintenance_planned: Text = Field(PLANNED, description="work on the product comes, or goes on already")
    maintenance_changed: Text = Field(CHANGED, description="it comes at another time, or is other work")
    maintenance_started: Text = Field(STARTED, description="it has begun")
    maintenance_ended: Text = Field(ENDED, description="it is over")
    maintenance_cancelled: Text = Field(CANCELLED, description="it does not come, or has stopped")
    digest: Text = Field(DIGEST, description="several of these in one message")
    reply: Text = Field(description="what somebody wrote on a ticket")
    endpoint_gone: Text = Field(ENDPOINT_GONE, description="an endpoint of the customer is called no more: it answered that it is gone")
    endpoint_failing: Text = Field(
        ENDPOINT_FAILING, description="an endpoint of the customer is called no more: it took none of its last calls"
    )
    worse: Template = Field("It has become worse since we told you of it.", description="in {news}: monitor says so")
    workaround: Template = Field("What you can do meanwhile: {workaround}", description="in {news}, when a person says one")
    estimate: Template = Field("It should be over by {estimate}.", description="in {news}, when a person says so")
    next_update: Template = Field("You will hear more by {next_update}.", description="in {news}, when a person says so")
    ticket_subject: Template = Field(
        "Re: [#{ticket}] {subject}", description="subject of an end that is told on a ticket; {subject}: that of the end"
    )
    helped: Template = Field(
        "Did this help you? Say yes or no: {helped}", description="under the text of mails of which it is asked whether they helped"
    )
    footer: Template = Field("", description="under every mail we send without being asked")
    symptoms: dict[str, OwnWords] = Field({}, description="by what the rule detects: failing, slow")
    rules: dict[str, OwnWords] = Field({}, description="by the rule's id in rules.yml")


def as_words(subject: str | None, body: str | None) -> Text | None:
    """Returns what a person wrote as words; None when they wrote nothing."""
    return None if subject is None or body is None else Text(subject=subject, body=body)
