"""A broker with TLS and log-in works by settings alone, and its certificate is exchanged while everything runs."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy import topics
from deploy.incremental import SetTopicConfigs
from deploy.simulator.play import Record, play, producer
from shared.connecting.brokers import Brokers, Unreachable
from shared.kafka import Answering
from shared.letters.reading import everything
from shared.letters.reading import topics as listed
from tests.containers import Postgres
from tests.faults.members import started
from tests.faults.secured import PASSWORD, USER, Secured, running_secured, token
from tests.faults.site import Site, within

TOPIC = "secured.v1"
WANTED = {TOPIC: topics.Wanted(partitions=1, settings={"retention.ms": 600_000})}
LOGINS: dict[str, dict[str, Any]] = {
    "SCRAM-SHA-512": {},
    "SCRAM-SHA-256": {"sasl": "scram-sha-256"},
    "PLAIN": {"sasl": "plain"},
    "OAUTHBEARER": {"sasl": "oauthbearer", "username": None, "password": None},
    "a client certificate": {"security": "ssl", "sasl": None, "username": None, "password": None},
}


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    async with running_secured(folder) as broker:
        yield broker


def connecting(broker: Secured, way: str, folder: Path, **given: Any) -> Brokers:
    """Returns the settings of one of LOGINS."""
    login, servers = dict(LOGINS[way]), broker.secure
    if way == "OAUTHBEARER":
        (folder / "token").write_text(token())
        login["token_file"] = str(folder / "token")
    if way == "a client certificate":
        certificate, key = broker.clients.sign("forewarn")
        login |= {"certificate": str(certificate), "key": str(key)}
        servers = f"localhost:{broker.mutual_port}"
    return broker.brokers(servers, **{**login, **given})


@pytest.mark.parametrize("way", LOGINS)
async def test_every_kind_of_client_gets_in_by_each_way_to_log_in(secured: Secured, way: str, tmp_path: Path) -> None:
    brokers = connecting(secured, way, tmp_path, prefix=f"{way.replace(' ', '-')}.")
    assert await topics.agree(brokers, WANTED) == [f"topic {brokers.there(TOPIC)}: created, partitions 1, replicas 1"]
    async with producer(brokers) as sender:
        assert await play(sender, [Record(0, TOPIC, b"k", way.encode(), 0)]) == 1
    [record] = [each async for each in everything(brokers, TOPIC)]
    assert (record.topic, record.value) == (TOPIC, way.encode())
    answering = Answering(brokers)
    await answering.ask()
    await answering.close()


async def test_who_does_not_get_in_reads_why(secured: Secured, tmp_path: Path) -> None:
    strange, missing = tmp_path / "strange.pem", tmp_path / "missing"
    shutil.copy(secured.clients.ca, strange)
    ended = tmp_path / "ended"
    ended.write_text(token(-100))
    oauth = LOGINS["OAUTHBEARER"]
    refused = {
        f"it refuses the user '{USER}' or the password": secured.brokers(password="not-it"),
        "its certificate is not accepted (self-signed certificate in certificate chain)": secured.brokers(ca=str(strange)),
        "it does not offer this way to log in": secured.brokers(secured.bootstrap, security="sasl_plaintext", ca=None),
        "it does not accept our certificate, or that we have none": connecting(
            secured, "a client certificate", tmp_path, certificate=None, key=None
        ),
        "is this its port for SASL_SSL": secured.brokers(secured.bootstrap),
        "is this its port for PLAINTEXT": Brokers(secured.secure),
        f"FOREWARN_KAFKA_TOKEN_FILE: '{missing}' cannot be read": secured.brokers(**oauth, token_file=str(missing)),
        f"does it know the token in '{ended}'?": secured.brokers(**oauth, token_file=str(ended)),
    }
    said = {}
    for sentence, brokers in refused.items():
        try:
            await brokers.knock()
            said[sentence] = "let in"
        except Unreachable as error:
            said[sentence] = str(error)
    assert {sentence: what for sentence, what in said.items() if sentence not in what} == {}
    assert all(what.startswith("localhost:") and "not-it" not in what for what in said.values())


async def test_two_forewarns_with_prefixes_of_their_own_do_not_meet_on_one_broker(secured: Secured) -> None:
    acme, other = secured.brokers(prefix="acme."), secured.brokers(prefix="other.")
    for brokers in (acme, other):
        await topics.agree(brokers, WANTED)
        async with producer(brokers) as sender:
            await play(sender, [Record(0, TOPIC, b"k", brokers.prefix.encode(), 0)])
    assert [[each.value async for each in everything(brokers, TOPIC)] for brokers in (acme, other)] == [[b"acme."], [b"other."]]
    assert TOPIC in await listed(acme)
    assert not [name for name in await listed(acme) if name.startswith(("acme.", "other."))]


async def test_what_an_operator_set_on_a_topic_survives_init(secured: Secured) -> None:
    brokers = secured.brokers(prefix="kept.")
    await topics.agree(brokers, WANTED)
    admin = brokers.admin("an-operator")
    await brokers.start(admin)
    try:
        by_hand = {"min.insync.replicas": "1", "segment.ms": "123456", "retention.ms": "1"}
        await admin._send_request(SetTopicConfigs({brokers.there(TOPIC): by_hand}))
        await topics.agree(brokers, WANTED)
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, brokers.there(TOPIC))])
        [(_, _, _, _, entries)] = answer.resources
        of_the_topic = {name: value for name, value, _, source, *_ in entries if source == 1}  # 1: set for this topic
    finally:
        await admin.close()
    assert of_the_topic == {**by_hand, "retention.ms": "600000"}  # that one is named in topics.yml


async def test_a_certificate_exchanged_while_running_is_picked_up(secured: Secured, postgres_server: Postgres, tmp_path: Path) -> None:
    site = Site(secured, postgres_server, tmp_path)
    await site.prepare()
    own = {f"FOREWARN_KAFKA_{name.upper()}": value for name, value in secured.settings().items()}
    member = site.member("a", FOREWARN_KAFKA=secured.secure, **own)

    async def away() -> bool:
        return not await member.ready()

    async with started(member):
        await site.produce(500)
        await site.settled()
        secured.sign_anew("second")
        await secured.stop()
        await within(30, away, "the worker misses Kafka")
        await secured.start()
        await site.produce(500)
        await site.settled()
        assert member.says("TLS files have changed; new connections use them") >= 1
        assert PASSWORD not in member.log.read_text()
    assert (await site.account()).balanced
    assert await site.said() == set(site.produced)
    with pytest.raises(Unreachable, match="certificate is not accepted"):
        await secured.brokers(ca=str(secured.folder / "first.pem")).knock()
