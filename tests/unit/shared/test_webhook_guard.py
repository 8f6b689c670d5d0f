"""Nothing is connected to but what may be reached: a listener on this machine hears nothing, whatever a URL says (SSRF)."""

from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network
from typing import Any

import httpcore2
import httpx2
import pytest

from shared.webhooks.addresses import may_be_reached, networks_of
from shared.webhooks.calling import Answer, NoAnswer, post
from shared.webhooks.guard import Guarded, GuardedTransport, guarded_client, resolved
from tests.hooks import Sink, sink

NAMES = {  # a name server of the attacker's
    "loopback.attacker.example": ["127.0.0.1"],
    "loopback6.attacker.example": ["::1"],
    "mapped.attacker.example": ["::ffff:127.0.0.1"],
    "nat64.attacker.example": ["64:ff9b::7f00:1"],
    "private.attacker.example": ["10.0.0.1"],
    "metadata.attacker.example": ["169.254.169.254"],
    "one-of-two.attacker.example": ["198.41.0.4", "127.0.0.1"],
    "two-of-two.attacker.example": ["127.0.0.1", "198.41.0.4"],
    "nothing.attacker.example": [],
}

LITERALS = """
127.0.0.1 127.1.2.3 127.255.255.254 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.1 100.64.0.1 100.127.255.254
100.100.100.200 169.254.169.254 169.254.170.2 192.0.0.192 168.63.129.16 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.9 192.88.99.1
224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
"""
NOTATIONS = "2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 127.1 127.0.1 0 127.0.0.1. 3232235521 2852039166"  # of IPv4
LITERALS_6 = """
[::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [::127.0.0.1]
[64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [2001:db8::1] [100::1] [3fff::1] [5f00::1]
[fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1]
"""
HOSTS = [*f"{LITERALS} {NOTATIONS} {LITERALS_6} localhost LOCALHOST localhost.".split(), *NAMES]
TRICKS = [
    "http://example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://example.com#@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "unix:///var/run/docker.sock",
]
URLS = [f"http://{host}:{{port}}/" for host in HOSTS] + TRICKS


async def of_the_attacker(host: str, port: int) -> Sequence[str]:
    return NAMES[host] if host in NAMES else await resolved(host, port)


@pytest.fixture
async def canary() -> AsyncIterator[Sink]:
    async with sink() as it:
        yield it


def test_there_are_enough_of_them() -> None:
    assert len(set(URLS)) == len(URLS) >= 60


@pytest.mark.parametrize("url", URLS)
async def test_the_canary_hears_nothing(canary: Sink, url: str) -> None:
    client = guarded_client(resolve=of_the_attacker)
    said = await post(client, url.format(port=canary.port), b"{}", {}, within=5.0)
    await client.aclose()
    assert isinstance(said, NoAnswer)
    assert not said.sent
    assert canary.connections == 0


async def test_the_canary_hears_what_may_reach_it(canary: Sink) -> None:
    """Without this, the tests above could not fail."""
    for host in ("127.0.0.1", "localhost", "loopback.attacker.example", "2130706433", "127.1", "[::ffff:127.0.0.1]"):
        client = guarded_client(networks_of("127.0.0.0/8, ::1/128"), of_the_attacker)
        said = await post(client, f"http://{host}:{canary.port}/", b"{}", {}, within=5.0)
        await client.aclose()
        assert said == Answer(204, said.headers if isinstance(said, Answer) else {}, b""), host
    assert canary.connections == 6


async def test_a_redirect_leads_nowhere(canary: Sink) -> None:
    async with sink() as outside:
        for status in (301, 302, 303, 307, 308):
            outside.answers = [f"{status} Location: http://127.0.0.1:{canary.port}/"]
            client = guarded_client(networks_of("127.0.0.0/8"))
            said = await post(client, outside.url, b"{}", {}, within=5.0)
            await client.aclose()
            assert isinstance(said, Answer)
            assert (said.status, said.taken) == (status, False)
    assert canary.connections == 0


class Recording(httpcore2.AsyncNetworkBackend):
    """Notes what it is asked to connect to, and connects to nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.asked.append(host)
        raise httpcore2.ConnectError


async def test_a_name_that_changes_its_address_is_connected_to_at_the_address_that_was_checked(canary: Sink) -> None:
    answers = [["198.41.0.4", "2001:500:2::c"], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    recording = Recording()
    client = httpx2.AsyncClient(transport=GuardedTransport(Guarded(resolve=rebinding, inner=recording)))
    first = await post(client, f"http://rebind.attacker.example:{canary.port}/", b"{}", {}, within=5.0)
    assert first == NoAnswer("ConnectError", sent=False)
    assert recording.asked == ["198.41.0.4", "2001:500:2::c"], "literal addresses, each after the other, and the name was asked for once"
    second = await post(client, f"http://rebind.attacker.example:{canary.port}/", b"{}", {}, within=5.0)
    assert second == NoAnswer("Forbidden", sent=False)
    assert len(recording.asked) == 2
    await client.aclose()
    assert canary.connections == 0


async def test_a_proxy_of_the_environment_is_not_asked(canary: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{canary.port}")
    client = guarded_client(resolve=of_the_attacker)
    await post(client, "http://private.attacker.example/", b"{}", {}, within=5.0)
    await client.aclose()
    assert canary.connections == 0


@pytest.mark.parametrize("address", ["8.8.8.8", "198.41.0.4", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_public_internet_may_be_reached(address: str) -> None:
    assert may_be_reached(address)


@pytest.mark.parametrize("said", ["a name", "", "fe80::1%eth0", "1.2.3", "2606:4700::1%lo"])
def test_what_is_no_plain_address_is_not_reached(said: str) -> None:
    assert not may_be_reached(said)


def test_networks_of_ones_own_are_named() -> None:
    own = networks_of(" 10.1.0.0/16, fd00::/8 ")
    assert own == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert may_be_reached("10.1.2.3", own)
    assert may_be_reached("::ffff:10.1.2.3", own)
    assert not may_be_reached("10.2.0.1", own)
    with pytest.raises(ValueError, match="host bits"):
        networks_of("10.1.0.1/16")
