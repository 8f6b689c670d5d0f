"""The channels there are: each is a folder and one line here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from services.notifier.channels.apprise import Apprise
from services.notifier.channels.breaker import Breaker
from services.notifier.channels.bulkhead import Bulkhead
from services.notifier.channels.chat.building import build as chat
from services.notifier.channels.email import building as email
from services.notifier.channels.given import Given, sms_callback
from services.notifier.channels.outcome import Channel
from services.notifier.channels.sms.building import build as sms
from services.notifier.channels.webhook.channel import build as webhook
from services.notifier.deciding.planning import Patience
from shared.configuration.files import ConfigError

CHANNELS: Mapping[str, Callable[[Given], Channel | None]] = {
    "email": email.build,
    "slack": lambda given: chat("slack", hosts=given.policy.chat_hosts),
    "teams": lambda given: chat("teams", hosts=given.policy.chat_hosts),
    "discord": lambda given: chat("discord", hosts=given.policy.chat_hosts),
    "webhook": lambda given: webhook(database=given.database, caller=given.caller),
    "sms": lambda given: sms(
        policy=given.policy.sms, secret=given.settings.sms_secret.get_secret_value(), callback=sms_callback(given.settings, given.policy)
    ),
}
# Operators are also told by channels whose addresses lead anywhere: no customer may be.
OF_OPERATORS: Mapping[str, Callable[[Given], Channel | None]] = {**CHANNELS, "apprise": lambda given: Apprise()}  # noqa: ARG005


SLOW_AFTER = {"webhook": 1.0}  # seconds; each endpoint is a server of its own: one that hangs holds up no other


@dataclass(frozen=True)
class Route:
    """A channel, its circuit breaker, and the queue of what waits for it."""

    channel: Channel
    breaker: Breaker
    queue: Bulkhead

    @property
    def patience(self) -> Patience:
        return Patience(self.channel.ladder, self.channel.ttl)


def routes(given: Given, names: Iterable[str]) -> dict[str, Route]:
    """Returns the routes of these channels. Raises ConfigError for one that there is not, or that is not set up."""
    return {name: _route(given, name) for name in names}


def _route(given: Given, name: str) -> Route:
    if name not in CHANNELS:
        raise ConfigError(f"notifications.yml: there is no channel {name!r}; there are {', '.join(CHANNELS)}")
    channel = CHANNELS[name](given)
    if channel is None:
        raise ConfigError(f"notifications.yml: the channel {name!r} is not set up, see docs/configuration.md")
    return Route(channel, Breaker(given.policy.retries), Bulkhead(channel, slow_after=SLOW_AFTER.get(name)))
