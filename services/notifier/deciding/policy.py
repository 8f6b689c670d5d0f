"""The limits that `notifications.yml` sets: caps, ages, pauses and retries. `shared/configuration/files.py` reads the file."""

import hashlib
from datetime import timedelta
from functools import cached_property

from pydantic import Field, model_validator

from services.notifier.channels.chat.hosts import ChatHosts
from services.notifier.channels.sms.policy import SmsPolicy
from services.notifier.deciding.autonomy import Autonomy
from services.notifier.deciding.digest import Digest
from services.notifier.deciding.experiment import Experiments
from services.notifier.deciding.quiet import QuietHours
from services.notifier.operators.notices import Operator
from services.notifier.returning.brake import SenderBrake
from services.notifier.wording.engaging import Engagement
from services.notifier.wording.texts import Texts
from shared.configuration.files import Config, Duration, PositiveDuration


class Caps(Config):
    """The caps: how often we may speak first. The end of what was told is never capped."""

    count: int = Field(3, ge=0, description="proactive notifications a customer")
    per: PositiveDuration = Field(timedelta(hours=1), description="within how long")
    incident_per_minute: int | None = Field(None, ge=1, description="customers that are told of one incident in a minute; others wait")
    all_per_minute: int | None = Field(None, ge=1, description="customers that are told in a minute; as many more of critical incidents")


class Retries(Config):
    """The moments of retries after a try that failed."""

    ladder: tuple[PositiveDuration, ...] = Field(
        (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30)),
        min_length=1,
        description="pauses after the first, second, … try that a server put off",
    )
    then_at_least: PositiveDuration = Field(timedelta(minutes=30), description="the shortest pause after the ladder")
    then_at_most: PositiveDuration = Field(timedelta(minutes=60), description="the longest pause after the ladder")
    unreachable_at_first: PositiveDuration = Field(timedelta(seconds=1), description="pause after a server was away; it doubles")
    unreachable_at_most: PositiveDuration = Field(timedelta(seconds=30), description="up to this")
    unreachable_tries: int = Field(20, ge=0, description="tries with a server that is away, before the ladder")
    relay_refusals: int = Field(5, ge=1, description="refusals of the relay itself in a row, before all delivery pauses")
    pause_at_first: Duration = Field(timedelta(minutes=1), description="then one message tries; refused again, the pause doubles")
    pause_at_most: Duration = Field(timedelta(minutes=5), description="up to this")

    @model_validator(mode="after")
    def _in_order(self) -> "Retries":
        pairs = ("then_at_least", "then_at_most"), ("unreachable_at_first", "unreachable_at_most"), ("pause_at_first", "pause_at_most")
        if any(getattr(self, least) > getattr(self, most) for least, most in pairs):
            raise ValueError("a pause at least is longer than the pause at most")
        return self


class Policy(Config):
    """The file notifications.yml: what customers are told, how often, and in which words."""

    from_name: str = Field("", max_length=100, description="who the mails come from; empty: the name in FOREWARN_MAIL_FROM")
    channels: tuple[str, ...] = Field(
        ("email",), min_length=1, description="a customer is told on the first of these on which they can be reached"
    )
    caps: Caps = Field(Caps(), description="how often we may speak first; replies and the end of what was told do not count")
    digest: Digest | None = Field(
        None, description="what follows soon is told in one message; none: each by itself. Critical incidents are told at once"
    )
    max_event_age: PositiveDuration = Field(
        timedelta(hours=24), description="older than this, nothing is worth telling, unless it is being tried already"
    )
    hold_when_behind: Duration = Field(timedelta(minutes=1), description="monitor is further behind: what it finds may be over, we wait")
    hold_down: Duration = Field(timedelta(), description="what began so recently is not told yet: it may be over soon; critical is told")
    quiet_hours: QuietHours | None = Field(None, description="when customers are left alone; none: never. Critical incidents are told")
    told_within: PositiveDuration = Field(timedelta(minutes=15), description="what is told as going on was true so recently")
    ttl: PositiveDuration = Field(
        timedelta(hours=24), description="how long delivery is tried, counted from when it became true; webhooks: 83 h, see webhooks.md"
    )
    wait_for_customer: Duration = Field(timedelta(minutes=15), description="how long the directory may lag behind an incident")
    retries: Retries = Field(Retries(), description="when a try that brought nothing is made again")
    sender_brake: SenderBrake = Field(SenderBrake(), description="how much may come back of what a channel sends")
    autonomy: Autonomy = Field(Autonomy(), description="whom we may tell without asking a person")
    experiments: Experiments = Field((), max_length=20, description="who is not told what can wait, to measure what telling brings")
    chat_hosts: ChatHosts = Field(ChatHosts(), description="where chat addresses may lead, beside the providers' own hosts")
    sms: SmsPolicy | None = Field(None, description="the provider of texts to telephones; none: there is no such channel")
    engagement: Engagement = Field(Engagement(), description="what we learn of how customers use what they are told")
    operators: tuple[Operator, ...] = Field((), max_length=20, description="those who run it: where they are told, and of what")
    texts: Texts = Field(description="every word that customers read, but for what agents write")

    @cached_property
    def version(self) -> str:
        """Returns all that the file says in one word: of two versions at least one thing is another. Templates are not part of it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]
