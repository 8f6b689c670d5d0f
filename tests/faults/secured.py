"""A broker as companies run one: TLS with an authority of its own, users, tokens, client certificates; the plain listener is for tests."""

import base64
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testcontainers.core.container import DockerContainer

from deploy.local.connecting import CommandSettings
from deploy.local.ports import free_port
from shared.connecting.brokers import Brokers, brokers_of
from tests.certificates import PASSWORD as STORE_PASSWORD
from tests.certificates import Authority, authority
from tests.containers import KAFKA, Kafka, publish, running
from tests.faults.scram import make_user

USER, PASSWORD = "forewarn", "of-no-use-but-here"
LOGIN = "org.apache.kafka.common.security"
SECURED = {
    "KAFKA_LISTENERS": "HOST://:9092,SECURE://:9094,MUTUAL://:9095,INTERNAL://localhost:19092,CONTROLLER://localhost:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_SSL_KEYSTORE_LOCATION": "/etc/tls/broker.p12",
    "KAFKA_SSL_KEYSTORE_TYPE": "PKCS12",
    "KAFKA_SSL_KEYSTORE_PASSWORD": STORE_PASSWORD,
    "KAFKA_SSL_KEY_PASSWORD": STORE_PASSWORD,
    "KAFKA_LISTENER_NAME_MUTUAL_SSL_TRUSTSTORE_LOCATION": "/etc/tls/clients.pem",
    "KAFKA_LISTENER_NAME_MUTUAL_SSL_TRUSTSTORE_TYPE": "PEM",
    "KAFKA_LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH": "required",
    "KAFKA_LISTENER_NAME_SECURE_SASL_ENABLED_MECHANISMS": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    "KAFKA_LISTENER_NAME_SECURE_PLAIN_SASL_JAAS_CONFIG": f'{LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
    "KAFKA_LISTENER_NAME_SECURE_SCRAM___SHA___256_SASL_JAAS_CONFIG": f"{LOGIN}.scram.ScramLoginModule required;",
    "KAFKA_LISTENER_NAME_SECURE_SCRAM___SHA___512_SASL_JAAS_CONFIG": f"{LOGIN}.scram.ScramLoginModule required;",
    # It signs nothing and believes any token that has not ended: enough to see that ours is sent.
    "KAFKA_LISTENER_NAME_SECURE_OAUTHBEARER_SASL_JAAS_CONFIG": (
        f'{LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
    ),
    "KAFKA_LISTENER_NAME_SECURE_OAUTHBEARER_SASL_SERVER_CALLBACK_HANDLER_CLASS": (
        f"{LOGIN}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler"
    ),
}


@dataclass
class Secured(Kafka):
    """The broker. `trusted` is the file by which clients know it."""

    folder: Path = Path()
    secure_port: int = 0
    mutual_port: int = 0
    signing: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.clients = authority(self.folder, "clients")  # signs the certificates of those who connect to `mutual_port`
        self.sign_anew("first")

    @property
    def trusted(self) -> Path:
        return self.folder / "trusted.pem"

    @property
    def secure(self) -> str:
        return f"localhost:{self.secure_port}"

    def sign_anew(self, name: str) -> None:
        """A new authority signs a new certificate of the broker's, and takes the place of the old one in the file of clients."""
        self.signing = authority(self.folder, name)
        shutil.copy(self.signing.keystore("broker", "localhost"), self.folder / "broker.p12")
        shutil.copy(self.signing.ca, self.trusted)

    def settings(self, **given: Any) -> dict[str, str]:
        """Returns the settings to connect by SASL_SSL with SCRAM, or otherwise by what is `given`; without the prefix FOREWARN_KAFKA_."""
        usual = {"security": "sasl_ssl", "ca": str(self.trusted), "sasl": "scram-sha-512", "username": USER, "password": PASSWORD}
        return {name: value for name, value in {**usual, **given}.items() if value is not None}

    def brokers(self, servers: str = "", **given: Any) -> Brokers:
        """Returns the same as clients get it."""
        told: dict[str, Any] = {f"kafka_{name}": value for name, value in self.settings(**given).items()}
        return brokers_of(CommandSettings(kafka=servers or self.secure, **told))


@asynccontextmanager
async def running_secured(folder: Path) -> AsyncIterator[Secured]:
    """Yields the broker while the context lasts."""
    ports = {9092: free_port(), 9094: free_port(), 9095: free_port()}
    outside = f"HOST://localhost:{ports[9092]},SECURE://localhost:{ports[9094]},MUTUAL://localhost:{ports[9095]}"
    advertised = f"{outside},INTERNAL://localhost:19092"
    container = DockerContainer("apache/kafka:4.4.0").with_envs(**{**KAFKA, **SECURED, "KAFKA_ADVERTISED_LISTENERS": advertised})
    container.with_volume_mapping(str(folder), "/etc/tls", "ro")
    for inside, port in ports.items():
        publish(container, inside, port)
    async with running(Secured(container, ports[9092], folder, ports[9094], ports[9095])) as broker:
        await make_user(Brokers(broker.bootstrap), USER, PASSWORD)
        yield broker


def token(seconds: float = 300) -> str:
    """Returns a token that nobody signed (RFC 7519, 6), good for so long."""
    now = time.time()
    parts = ({"alg": "none"}, {"sub": USER, "iat": now - 1, "exp": now + seconds})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), ""])
