"""Settings of the brokers reach every client, or are refused in a sentence; names get the prefix at the edge and nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from deploy.local.connecting import CommandSettings, brokers_at
from deploy.local.ports import free_port
from shared.connecting.brokers import Brokers, Login, Mechanism, TokenFile, Unreachable, brokers_of
from shared.kafka import Broker
from shared.settings import Settings, SettingsError
from tests.certificates import authority

ROOT = Path(__file__).parents[3]
CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "AIOKafkaClient", "AIOKafkaConnection", "KafkaBroker"}
MAKERS = {"shared/connecting/brokers.py", "shared/kafka.py"}
SCRAM = {"kafka_security": "sasl_ssl", "kafka_sasl": "scram-sha-512", "kafka_username": "forewarn", "kafka_password": "c4nary"}
TOKEN = {"kafka_security": "sasl_ssl", "kafka_sasl": "oauthbearer", "kafka_token_file": "/config/token"}


def settings(**given: Any) -> Settings:
    return CommandSettings(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kafka_security": "tls"}, "FOREWARN_KAFKA_SECURITY: Input should be 'plaintext', 'ssl', 'sasl_plaintext' or 'sasl_ssl'"),
        ({"kafka_sasl": "scram-sha-512"}, "FOREWARN_KAFKA_SECURITY is plaintext, with which nobody logs in"),
        ({"kafka_username": "forewarn"}, "FOREWARN_KAFKA_SECURITY is plaintext, with which nobody logs in"),
        ({**TOKEN, "kafka_security": "ssl"}, "FOREWARN_KAFKA_SECURITY is ssl, with which nobody logs in"),
        ({"kafka_security": "sasl_ssl"}, "FOREWARN_KAFKA_SECURITY is sasl_ssl, and FOREWARN_KAFKA_SASL does not say how to log in"),
        ({**SCRAM, "kafka_username": ""}, "FOREWARN_KAFKA_SASL is scram-sha-512, which takes FOREWARN_KAFKA_USERNAME and"),
        ({**SCRAM, "kafka_password": ""}, "FOREWARN_KAFKA_SASL is scram-sha-512, which takes FOREWARN_KAFKA_USERNAME and"),
        ({**TOKEN, "kafka_token_file": ""}, "FOREWARN_KAFKA_SASL is oauthbearer, which takes FOREWARN_KAFKA_TOKEN_FILE"),
        ({**TOKEN, "kafka_username": "forewarn"}, "FOREWARN_KAFKA_SASL is oauthbearer, which takes FOREWARN_KAFKA_TOKEN_FILE"),
        ({"kafka_ca": "/ca.pem"}, "FOREWARN_KAFKA_CA is set, and FOREWARN_KAFKA_SECURITY is plaintext, which has no TLS"),
        ({"kafka_security": "ssl", "kafka_key": "/key.pem"}, "FOREWARN_KAFKA_KEY is set without FOREWARN_KAFKA_CERTIFICATE"),
        ({"kafka_security": "ssl", "kafka_ca": "/no/ca.pem"}, "FOREWARN_KAFKA_CA: '/no/ca.pem' cannot be read: No such file"),
        ({"kafka_prefix": "acme/"}, "FOREWARN_KAFKA_PREFIX is no beginning of a topic's name"),
        ({"kafka_prefix": "a" * 151}, "FOREWARN_KAFKA_PREFIX is no beginning of a topic's name"),
        ({"database_tls": "verify"}, "FOREWARN_DATABASE_TLS: Input should be 'disable', 'prefer', 'require', 'verify-ca' or 'verify-full'"),
        ({"database_tls": "require", "database_ca": "/ca.pem"}, "FOREWARN_DATABASE_CA is set, and FOREWARN_DATABASE_TLS is require"),
        ({"database_tls": "verify-full", "database_ca": "/no/ca.pem"}, "FOREWARN_DATABASE_CA: '/no/ca.pem' cannot be read"),
        ({"database_tls": "verify-full", "database_key": "/k.pem"}, "FOREWARN_DATABASE_KEY is set without FOREWARN_DATABASE_CERTIFICATE"),
    ],
)
def test_what_contradicts_itself_is_refused_in_one_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**given)
    assert str(refused.value).startswith(said)
    assert len(str(refused.value).splitlines()) == 1
    assert "c4nary" not in str(refused.value)


@pytest.mark.parametrize("sasl", ["plain", "oauthbearer"])
def test_outside_demo_what_logs_in_crosses_the_network_in_clear_only_if_that_is_said(sasl: str) -> None:
    given = {**(TOKEN if sasl == "oauthbearer" else SCRAM), "kafka_sasl": sasl, "kafka_security": "sasl_plaintext"}
    with pytest.raises(SettingsError, match=f"what {sasl} sends would cross the network in clear"):
        settings(**given, kafka="broker.example.org:9092")
    with pytest.raises(SettingsError, match="in clear"):
        settings(**given, kafka="localhost:9092,broker.example.org")
    for allowed in ({"kafka_clear_login": True}, {"environment": "demo"}, {"kafka": "127.0.0.1:9092,[::1]:9092,localhost"}):
        assert settings(**{"kafka": "broker.example.org:9092", **given, **allowed})
    assert settings(
        **{**SCRAM, "kafka_security": "sasl_plaintext", "kafka": "broker.example.org:9092"}
    )  # SCRAM proves, and sends no password


def test_the_arguments_of_a_client_say_all_that_is_set(tmp_path: Path) -> None:
    ca = authority(tmp_path).ca
    brokers = brokers_of(settings(**SCRAM, kafka="a:1,b:2", kafka_ca=str(ca), kafka_prefix="acme."))
    arguments = brokers.arguments()
    assert arguments.pop("ssl_context") is brokers.tls is not None
    assert arguments == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "forewarn",
        "sasl_plain_password": "c4nary",
    }
    assert "c4nary" not in repr(brokers)
    assert brokers_of(settings(kafka="a:1")).arguments() == {"security_protocol": "PLAINTEXT", "ssl_context": None}
    assert isinstance(brokers_of(settings(**TOKEN)).arguments()["sasl_oauth_token_provider"], TokenFile)


@pytest.mark.parametrize("mechanism", Mechanism)
def test_faststream_is_told_the_same_as_a_client_of_our_own(mechanism: Mechanism, tmp_path: Path) -> None:
    login = Login(mechanism, token_file="/t") if mechanism is Mechanism.OAUTHBEARER else Login(mechanism, "forewarn", "c4nary")
    for tls in (None, authority(tmp_path, "ca")):
        brokers = Brokers("a:1", login=login, tls=brokers_of(settings(kafka_security="ssl", kafka_ca=str(tls.ca))).tls if tls else None)
        wanted, told = brokers.arguments(), Broker(brokers)._connection_kwargs
        assert isinstance(told["sasl_oauth_token_provider"], type(wanted.pop("sasl_oauth_token_provider", None)))
        assert {name: told[name] for name in wanted} == wanted


def test_a_command_takes_the_servers_it_is_given_and_the_rest_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SCRAM, "kafka": "elsewhere:9092", "kafka_prefix": "acme."}.items():
        monkeypatch.setenv(f"FOREWARN_{name.upper()}", value)
    brokers = brokers_at("here:9092")
    assert (brokers.servers, brokers.protocol, brokers.prefix) == ("here:9092", "SASL_SSL", "acme.")


def test_a_prefix_is_put_before_our_names_and_taken_off_again() -> None:
    acme, plain = Brokers("a:1", prefix="acme."), Brokers("a:1")
    assert (acme.there("incidents.v1"), plain.there("incidents.v1")) == ("acme.incidents.v1", "incidents.v1")
    assert (acme.ours("acme.incidents.v1"), acme.ours("incidents.v1"), plain.ours("x")) == ("incidents.v1", None, "x")
    [record] = acme.named([ConsumerRecord("acme.incidents.v1", 0, 7, 0, 0, None, None, None, 0, 0, ())])
    assert record.topic == "incidents.v1"


async def test_a_token_is_read_for_each_connection(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = TokenFile(str(path))
    for said in ("first.token\n", "second.token"):
        path.write_text(said)
        assert await token.token() == said.strip()
    for wrong in (b"", b"two words", b"\xff"):
        path.write_bytes(wrong)
        with pytest.raises(Exception, match="has no token that can be sent"):
            await token.token()
    path.unlink()
    with pytest.raises(Exception, match=f"'{path}' cannot be read: No such file"):
        await token.token()


async def test_nobody_there_is_said_of_each_server() -> None:
    one, other = free_port(), free_port()
    with pytest.raises(Unreachable) as refused:
        await Brokers(f"127.0.0.1:{one},127.0.0.1:{other}").knock()
    assert {f"127.0.0.1:{port}: " for port in (one, other)} == {
        each[: len(f"127.0.0.1:{one}: ")] for each in str(refused.value).split("; ")
    }


def test_no_client_is_made_but_where_the_settings_are_known() -> None:
    made = {path: set(_clients_made(ROOT / path)) for path in _sources() if path not in MAKERS}
    assert {path: names for path, names in made.items() if names} == {}
    assert all(set(_clients_made(ROOT / path)) | _inherited(ROOT / path) for path in MAKERS)


def _sources() -> Iterator[str]:
    for folder in ("services", "shared", "deploy"):
        yield from (str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py"))


def _clients_made(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if name in CLIENTS:
                yield name


def _inherited(path: Path) -> set[str]:
    classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    return {base.id for each in classes for base in each.bases if isinstance(base, ast.Name)} & CLIENTS
