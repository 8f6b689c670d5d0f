"""Creates a broker's SCRAM user by AlterUserScramCredentials, which aiokafka lacks; it spares a JVM for `kafka-configs.sh`.

https://cwiki.apache.org/confluence/display/KAFKA/KIP-554%3A+Add+Broker-side+SCRAM+Config+API
"""

import hashlib
import secrets

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields

from shared.connecting.brokers import Brokers

TEXT, TAGS = CompactString("utf-8"), ("tags", TaggedFields)
MECHANISMS = {"sha256": 1, "sha512": 2}
ITERATIONS = 4096


class AlterUserScramCredentialsResponse_v0(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 51, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("results", CompactArray(("user", TEXT), ("error_code", Int16), ("error_message", TEXT), TAGS)),
        TAGS,
    )


class AlterUserScramCredentialsRequest_v0(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION, API_KEY, API_VERSION = True, 51, 0
    RESPONSE_TYPE = AlterUserScramCredentialsResponse_v0
    SCHEMA = Schema(
        ("deletions", CompactArray(("name", TEXT), ("mechanism", Int8), TAGS)),
        (
            "upsertions",
            CompactArray(
                ("name", TEXT), ("mechanism", Int8), ("iterations", Int32), ("salt", CompactBytes), ("salted_password", CompactBytes), TAGS
            ),
        ),
        TAGS,
    )


class MakeUser(Request[AlterUserScramCredentialsRequest_v0]):  # type: ignore[misc]
    """A user's password for one mechanism; a request may name a user once."""

    API_KEY = 51

    def __init__(self, user: str, password: str, mechanism: str) -> None:
        self._user, self._password, self._mechanism = user, password, mechanism

    def build(self, request_struct_class: type[AlterUserScramCredentialsRequest_v0]) -> AlterUserScramCredentialsRequest_v0:
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac(self._mechanism, self._password.encode(), salt, ITERATIONS)
        return request_struct_class([], [(self._user, MECHANISMS[self._mechanism], ITERATIONS, salt, salted, {})], {})


async def make_user(brokers: Brokers, user: str, password: str) -> None:
    """Makes the user for both mechanisms, by a listener that lets us in without it."""
    admin = brokers.admin("tests")
    await brokers.start(admin)
    try:
        made = [await admin._send_request(MakeUser(user, password, mechanism)) for mechanism in MECHANISMS]
    finally:
        await admin.close()
    assert all(error == 0 for each in made for _, error, _, _ in each.results), made
