"""Explains why a broker does not let us in, in a sentence for the operator: aiokafka's errors name neither the setting nor the side."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)


def reason(error: BaseException, protocol: str, whom: str) -> str:
    """Returns what kept a connection from being made. `protocol`: Kafka's word for how we connect. `whom`: how we said who we are."""
    for cause in _causes(error):
        for kind, sentence in SENTENCES:
            if isinstance(cause, kind) and (said := sentence(cause, protocol, whom)):
                return said
    return str(error) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields the causes, the deepest first: what closed a connection says more than that it is closed."""
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return reversed(found)


def _of_tls(error: ssl.SSLError, *_: str) -> str:
    if "ALERT" in (error.reason or ""):  # sent by the other side
        return f"it does not accept our certificate, or that we have none ({error.reason}): see FOREWARN_KAFKA_CERTIFICATE and _KEY"
    return f"TLS fails ({error.reason or 'no reason given'}): is this its port for TLS?"


# The first entry that fits and has something to say wins; errors stand before the kinds they belong to.
SENTENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[[Any, str, str], str]], ...] = (
    (
        ssl.SSLCertVerificationError,
        lambda error, *_: f"its certificate is not accepted ({error.verify_message}): did FOREWARN_KAFKA_CA sign it, for this name?",
    ),
    (ssl.SSLError, _of_tls),
    (SaslAuthenticationFailed, lambda _, __, whom: f"it refuses {whom}"),
    ((UnsupportedSaslMechanismError, IllegalSaslStateError), lambda *_: "it does not offer this way to log in: see FOREWARN_KAFKA_SASL"),
    (AuthenticationFailedError, lambda error, *_: f"FOREWARN_KAFKA_TOKEN_FILE: {error.args[0]}"),
    (TimeoutError, lambda *_: "it does not answer"),
    (OSError, lambda error, *_: error.strerror or ""),
    (
        (EOFError, ConnectionError, KafkaConnectionError),
        lambda _, protocol, whom: f"it ends the connection: is this its port for {protocol}, and does it know {whom}?",
    ),
)
