"""An address of a customer leads to its provider, and nowhere else."""

import pytest

from services.notifier.channels.chat.building import build
from services.notifier.channels.chat.hosts import ChatHosts
from tests.providers import discord, slack, teams

OWN = {"slack": slack.URL, "teams": teams.URL, "discord": discord.URL}
ELSEWHERE = [
    "http://hooks.slack.com/services/T/B/x",
    "https://hooks.slack.com.evil.example/services/T/B/x",
    "https://evil.example/hooks.slack.com/services/T/B/x",
    "https://evilhooks.slack.com/services/T/B/x",
    "https://hooks.slack.com@evil.example/services/T/B/x",
    "https://user:pass@hooks.slack.com/services/T/B/x",
    "https://hooks.slack.com\\@evil.example/services/T/B/x",
    "https://hooks.slack.com:8443/services/T/B/x",
    "https://hooks.slack.com/services/T/B/x#fragment",
    "https://hooks.slack.com/api/chat.postMessage",
    "https://hooks.slack.com/services/",
    "https://hooks.slack.com",
    "https://hooks.slack.com/services/T/B/x\r\nHost: evil.example",
    "https://hooks.slack.com/services/T/B/ x",
    "https://hooks.slack.com/services/../../x\x00",
    "https://hooks.sl\u0430ck.com/services/T/B/x",
    "https://hooks.slack.com/services/" + "x" * 2048,
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/services/T/B/x",
    "https://127.0.0.1/services/T/B/x",
    "https://2130706433/services/T/B/x",
    "https://localhost/services/T/B/x",
    "https://logic.azure.com/workflows/x",
    "https://evillogic.azure.com/workflows/x",
    "https://prod.logic.azure.com.evil.example/workflows/x",
    "https://discord.com/",
    "https://cdn.discord.com/api/webhooks/1/x",
    "file:///etc/passwd",
    "gopher://hooks.slack.com/services/T/B/x",
    "//hooks.slack.com/services/T/B/x",
    "hooks.slack.com/services/T/B/x",
    "https://",
    "https://hooks.slack.com:port/services/x",
    "",
]


@pytest.mark.parametrize("name", OWN)
def test_each_provider_takes_its_own_addresses_and_no_others(name: str) -> None:
    channel = build(name, hosts=ChatHosts())
    assert [other for other, address in OWN.items() if channel.usable(address)] == [name]
    assert [address for address in ELSEWHERE if channel.usable(address)] == []


def test_a_host_may_be_written_in_large_letters_and_with_the_usual_port() -> None:
    assert build("slack", hosts=ChatHosts()).usable("https://Hooks.Slack.com:443/services/T/B/x")


def test_an_operator_may_add_hosts_for_one_provider() -> None:
    hosts = ChatHosts(slack=("hooks.slack-gov.com",), teams=("*.logic.azure.cn",))
    government = "https://hooks.slack-gov.com/services/T/B/x"
    assert build("slack", hosts=hosts).usable(government)
    assert not build("discord", hosts=hosts).usable(government)
    assert build("teams", hosts=hosts).usable("https://prod-1.logic.azure.cn/workflows/x")
    assert not build("teams", hosts=hosts).usable("https://logic.azure.cn/workflows/x")


@pytest.mark.parametrize("pattern", ["*", "*.", "*.*.com", "localhost", "https://x.org", "x.org/path", "X.org"])
def test_what_is_no_host_is_a_mistake_in_the_file(pattern: str) -> None:
    with pytest.raises(ValueError, match="slack"):
        ChatHosts(slack=(pattern,))
