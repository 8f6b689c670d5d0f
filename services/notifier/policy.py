"""What `notifications.yml` may say: caps, ages, retries and words. Pure; `shared/config.py` reads the file."""

from datetime import timedelta
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from shared.config import Config, Duration, PositiveDuration

FIELDS = frozenset(
    {"name", "title", "component", "severity", "started_at", "sender", "subject", "body", "ticket", "unsubscribe"}
)  # what a text may name


def _template(text: str) -> str:
    """Only plain names of ours in braces: no attributes, indexes, conversions or formats, so a text can do nothing but show."""
    for _, name, spec, conversion in Formatter().parse(text):
        if name is not None and (name not in FIELDS or spec or conversion):
            raise ValueError(f"{{{name}}} is not one of {', '.join(sorted(FIELDS))}; a brace that is meant is written twice")
    return text


Template = Annotated[str, Field(max_length=20_000), AfterValidator(_template)]


class Caps(Config):
    """How often we may speak first. The end of what was told is never capped."""

    count: int = Field(3, ge=0, description="proactive notifications a customer")
    per: PositiveDuration = timedelta(hours=1)


class Retries(Config):
    """When a try that brought nothing is made again."""

    ladder: tuple[PositiveDuration, ...] = Field(
        (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30)),
        min_length=1,
        description="pauses after the first, second, … try that a server put off",
    )
    then_at_least: PositiveDuration = timedelta(minutes=30)
    then_at_most: PositiveDuration = timedelta(minutes=60)
    unreachable_at_first: PositiveDuration = timedelta(seconds=1)
    unreachable_at_most: PositiveDuration = timedelta(seconds=30)
    unreachable_tries: int = Field(20, ge=0, description="tries with a server that is away, before the ladder")
    relay_refusals: int = Field(5, ge=1, description="refusals of the relay itself in a row, before all delivery pauses")
    pause_at_first: Duration = Field(timedelta(minutes=1), description="then one message tries; refused again, the pause doubles")
    pause_at_most: Duration = timedelta(minutes=5)

    @model_validator(mode="after")
    def _in_order(self) -> "Retries":
        pairs = ("then_at_least", "then_at_most"), ("unreachable_at_first", "unreachable_at_most"), ("pause_at_first", "pause_at_most")
        if any(getattr(self, least) > getattr(self, most) for least, most in pairs):
            raise ValueError("a pause at least is longer than the pause at most")
        return self


class Text(Config):
    """One kind of notification in words."""

    subject: Template
    body: Template


class OwnWords(Config):
    """What one rule, or one symptom, says in words of its own; what is not given is said in the general words."""

    opened: Text | None = None
    resolved: Text | None = None
    withdrawn: Text | None = None
    dismissed: Text | None = None


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


class Texts(Config):
    """All words of ours; a ticket's words come through `reply`. A rule's own words win over its symptom's, these over the general ones."""

    nameless: str = Field("there", max_length=100, description="stands for {name} when the directory has none that can be used")
    opened: Text
    resolved: Text
    withdrawn: Text = Field(WITHDRAWN, description="nothing judges the incident any more: no all-clear")
    dismissed: Text = Field(DISMISSED, description="a person said that it was a false alarm")
    reply: Text
    footer: Template = Field("", description="under every mail we send without being asked")
    symptoms: dict[str, OwnWords] = Field({}, description="by what the rule detects: failing, slow")
    rules: dict[str, OwnWords] = Field({}, description="by the rule's id in rules.yml")


class Policy(Config):
    """notifications.yml."""

    from_name: str = Field("", max_length=100, description="who the mails come from; empty: the name in FOREWARN_MAIL_FROM")
    caps: Caps = Caps()
    max_event_age: PositiveDuration = Field(timedelta(hours=24), description="older than this, nothing is worth telling")
    hold_when_behind: Duration = Field(timedelta(minutes=1), description="monitor is further behind: what it finds may be over, we wait")
    told_within: PositiveDuration = Field(timedelta(minutes=15), description="what is told as going on was true so recently")
    ttl: PositiveDuration = Field(timedelta(hours=24), description="how long delivery is tried, counted from when it became true")
    wait_for_customer: Duration = Field(timedelta(minutes=15), description="how long the directory may lag behind an incident")
    retries: Retries = Retries()
    texts: Texts
