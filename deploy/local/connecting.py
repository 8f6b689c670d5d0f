"""Finds the brokers for a command: `--kafka` says where they are, FOREWARN_KAFKA_* the rest, as for the services."""

from typing import Annotated

import typer

from shared.connecting.brokers import Brokers, brokers_of
from shared.settings import Settings

DEFAULT = "localhost:9092"

Kafka = Annotated[
    str, typer.Option(envvar="FOREWARN_KAFKA", help="Bootstrap servers, host:port[,host:port]; TLS and log-in by FOREWARN_KAFKA_*.")
]


class CommandSettings(Settings):
    """Reads what a service reads, without its secrets."""

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return frozenset()


def brokers_at(servers: str) -> Brokers:
    """Returns the brokers there, as the environment says to connect to them. Raises SettingsError."""
    return brokers_of(CommandSettings(kafka=servers))
