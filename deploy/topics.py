"""Makes the broker's topics agree with deploy/kafka/topics.yml.

It creates and reconfigures; it never deletes a topic, never changes a partition count, and leaves settings alone that the file does not
name.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from pydantic import Field

from deploy.incremental import SetTopicConfigs
from shared.configuration.files import Config, load, meant
from shared.connecting.brokers import Brokers
from shared.events.envelope import Topic
from shared.letters import receipts

RECEIPTS = receipts.RECEIPTS  # where `forewarn dlq redrive` and the console write down what they sent back
REPLICAS = 3  # or as many as there are brokers, if that is fewer
FILE = Path(__file__).parent / "kafka" / "topics.yml"


Setting = Annotated[str | int, meant("a setting of Kafka's: a text or a whole number")]


class Wanted(Config):
    """A topic should be like this: `settings` are Kafka's own topic settings."""

    partitions: int = Field(ge=1, description="how many, when it is made; never changed after that")
    settings: dict[str, Setting] = Field({}, description="of this topic, over the common ones")


class TopicsFile(Config):
    """The file lists Kafka's topics, as `init` makes and configures them."""

    settings: dict[str, Setting] = Field({}, description="of every topic that says nothing else")
    topics: dict[Topic, Wanted] = Field(description="by name")
    dead_letters: Wanted = Field(description="each topic's own")
    receipts: Wanted = Field(description="what `forewarn dlq redrive` sent back")

    def wanted(self, foreign: Iterable[str] = ()) -> dict[str, Wanted]:
        """Returns every topic, its dead letters, and the receipts for those, each with its own settings over the common ones.

        Of `foreign` topics, which other systems make, there are only the dead letters.
        """
        every = {topic.value: wish for topic, wish in self.topics.items()}
        every |= {f"{topic}.dlq": self.dead_letters for topic in (*self.topics, *foreign)}
        every[RECEIPTS] = self.receipts
        return {name: Wanted(partitions=wish.partitions, settings=self.settings | wish.settings) for name, wish in every.items()}


def read(path: Path = FILE, foreign: Iterable[str] = ()) -> dict[str, Wanted]:
    """Returns the topics of the file, dead letters included. Raises ConfigError with every mistake and its line."""
    return load(path, TopicsFile).wanted(foreign)


async def agree(brokers: Brokers, wanted: Mapping[str, Wanted]) -> list[str]:
    """Makes the brokers have the topics as wanted; returns what it did and what it left alone.

    Raises ConnectionError while no broker lets us in, KafkaError when one refuses.
    """
    wanted = {brokers.there(name): wish for name, wish in wanted.items()}
    admin = brokers.admin("forewarn-init")
    try:
        await brokers.start(admin)
    except KafkaError as error:
        await admin.close()
        raise ConnectionError(str(error)) from error
    try:
        replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
        found = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics() if topic["topic"] in wanted}
        missing = {name: wish for name, wish in wanted.items() if name not in found}
        await _create(admin, missing, replicas)
        await _configure(admin, {name: wish for name, wish in wanted.items() if name in found})
    finally:
        await admin.close()
    created = [f"topic {name}: created, partitions {wish.partitions}, replicas {replicas}" for name, wish in missing.items()]
    return [*created, *differences(wanted, found)]


def differences(wanted: Mapping[str, Wanted], found: Mapping[str, int]) -> list[str]:
    """Returns one sentence for every topic whose partition count is another than wanted."""
    return [
        f"topic {name}: has {found[name]} partitions and should have {wish.partitions}; left alone, since keys would move"
        for name, wish in wanted.items()
        if name in found and found[name] != wish.partitions
    ]


async def _create(admin: AIOKafkaAdminClient, missing: Mapping[str, Wanted], replicas: int) -> None:
    if missing:
        new = [NewTopic(name, wish.partitions, replicas, topic_configs=_texts(wish)) for name, wish in missing.items()]
        response = await admin.create_topics(new)
        # Another init may have been faster; it makes the same topics.
        _raise_errors((code, f"topic {name}: {reason}") for name, code, reason in response.topic_errors)


async def _configure(admin: AIOKafkaAdminClient, existing: Mapping[str, Wanted]) -> None:
    if existing:
        response = await admin._send_request(SetTopicConfigs({name: _texts(wish) for name, wish in existing.items()}))
        _raise_errors((code, f"topic {name}: {reason}") for code, reason, _, name in response.responses)


def _texts(wish: Wanted) -> dict[str, str]:
    return {name: str(value) for name, value in wish.settings.items()}


def _raise_errors(results: Iterable[tuple[int, str]]) -> None:
    for code, what in results:
        error: type[Exception] = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(what)
