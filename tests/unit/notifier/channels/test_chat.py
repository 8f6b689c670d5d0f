"""Slack, Teams and Discord: what they are given they take, and what they answer is understood."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from services.notifier.channels.chat.building import PROVIDERS
from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from tests.providers import discord, slack, teams
from tests.providers.discord import FakeDiscord
from tests.providers.slack import FakeSlack
from tests.providers.teams import FakeTeams
from tests.providers.wire import Behaviour, hangs_up, never_answers, never_ends, says, wire
from tests.unit.notifier.channels.building import STOP, TEXT, message

pytestmark = pytest.mark.asyncio

HARD = {
    "long": "word " * 30_000,
    "one word": "x" * 40_000,
    "ampersands": "&" * 20_000,
    "stars": "*_~`" * 5_000,
    "emoji": "😀" * 10_000,
    "lines": "a\n" * 20_000,
    "mentions": "<!channel> <@U1> <!subteam^S1> @everyone @here <#C1>",
    "a link with a text": "[your bank](https://evil.example)",
    "empty": "",
}


def chat(name: str, app: Any, **said: Any) -> Chat:
    return Chat(PROVIDERS[name], (), httpx2.ASGITransport(app), **said)


async def sent(channel: Chat, *messages: Rendered) -> Outcome:
    return (await channel.send(messages))[-1]


# ── what they take ───────────────────────────────────────────────────────────────────────────


async def test_slack_gets_the_subject_in_bold_the_text_and_links_that_can_be_followed() -> None:
    fake = FakeSlack()
    assert await sent(chat("slack", fake), message(slack.URL)) == Delivered("200 ok")
    [posted] = fake.posted
    texts = [block["text"]["text"] for block in posted["blocks"]]
    assert texts[0] == "*Checkout is failing: we are on it*"
    assert "Checkout &amp; Login" in texts[1]
    assert "<https://shop.example.org/a_b?c=1&amp;d=2>." in texts[1]
    assert f"<{STOP}>" in texts[1]
    assert posted["text"].startswith("Checkout is failing: we are on it\nHello Ada,")
    assert not posted["unfurl_links"]


async def test_teams_gets_a_card_with_a_button_that_ends_such_messages() -> None:
    fake = FakeTeams()
    assert await sent(chat("teams", fake), message(teams.URL)) == Delivered("202")
    [card] = fake.posted
    assert [block["text"] for block in card["body"]][:3] == [
        "Checkout is failing: we are on it",
        "Hello Ada,",
        "there is trouble with Checkout & Login.",
    ]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "No more of these", "url": STOP}]


async def test_discord_gets_text_whose_marks_are_shown_and_says_the_id_of_the_message() -> None:
    fake = FakeDiscord()
    said = message(discord.URL, text="Use *stars* at https://shop.example.org/a_b_c", unsubscribe=None)
    assert await sent(chat("discord", fake), said) == Delivered("200 message 998877661")
    [posted] = fake.posted
    assert posted["content"] == "**Checkout is failing: we are on it**\n\nUse \\*stars\\* at https://shop.example.org/a_b_c"
    assert posted["allowed_mentions"] == {"parse": []}


async def test_a_reply_has_no_link_that_ends_it() -> None:
    slacks, cards = FakeSlack(), FakeTeams()
    await sent(chat("slack", slacks), message(slack.URL, text="Words.", unsubscribe=None))
    await sent(chat("teams", cards), message(teams.URL, text="Words.", unsubscribe=None))
    assert STOP not in str(slacks.posted)
    assert "actions" not in cards.posted[0]


async def test_a_link_that_the_text_leaves_out_is_added() -> None:
    fake = FakeSlack()
    await sent(chat("slack", fake), message(slack.URL, text="Words."))
    assert fake.posted[0]["blocks"][1]["text"]["text"] == f"Words.\n\n<{STOP}>"


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
async def test_whatever_the_text_is_it_is_taken_and_calls_nobody(text: str) -> None:
    said = {"subject": text[:300].strip() or "Subject", "text": text}
    fakes = FakeSlack(), FakeTeams(), FakeDiscord()
    for name, url, fake in zip(("slack", "teams", "discord"), (slack.URL, teams.URL, discord.URL), fakes, strict=True):
        assert isinstance(await sent(chat(name, fake), message(url, **said)), Delivered), name
    assert fakes[0].mentioned == [] or all(each.startswith("<http") for each in fakes[0].mentioned)
    assert fakes[1].failed == []
    assert fakes[2].pinged == 0
    assert "](http" not in str(fakes[1].posted)


async def test_a_text_that_is_cut_keeps_its_beginning_and_shows_the_cut() -> None:
    fake = FakeSlack()
    await sent(chat("slack", fake), message(slack.URL, text="first " + "word " * 30_000, unsubscribe=None))
    blocks = [block["text"]["text"] for block in fake.posted[0]["blocks"]]
    assert blocks[1].startswith("first word")
    assert blocks[-1].endswith("…")


# ── what they answer ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "state", "expected"),
    [
        (slack.URL + "x", {}, Failed(Refusal.ADDRESS, "403 invalid_token")),
        ("https://hooks.slack.com/services/T9/B9/x", {}, Failed(Refusal.ADDRESS, "404 no_service")),
        (slack.URL, {"archived": True}, Failed(Refusal.ADDRESS, "410 channel_is_archived")),
        (slack.URL, {"limited": 1}, Retry(timedelta(seconds=30), Trouble.DEFERRED, "429 rate_limited")),
    ],
)
async def test_slack_says_what_is_final_and_when_to_come_again(url: str, state: dict[str, Any], expected: Outcome) -> None:
    fake = FakeSlack(**state)
    assert await sent(chat("slack", fake), message(url)) == expected
    assert fake.posted == []


@pytest.mark.parametrize(
    ("url", "state", "expected"),
    [
        (teams.URL.replace("852a3c17", "other"), {}, Failed(Refusal.ADDRESS, "404 WorkflowNotFound")),
        (teams.URL.replace("sig=6", "sig=7"), {}, Failed(Refusal.ADDRESS, "401 DirectApiAuthorizationRequired")),
        (teams.URL, {"state": "Deleted"}, Failed(Refusal.ADDRESS, "400 WorkflowTriggerIsNotEnabled")),
        (teams.URL, {"state": "Disabled"}, Failed(Refusal.REFUSED, "400 WorkflowTriggerIsNotEnabled")),
        (teams.URL, {"limited": 1}, Retry(timedelta(seconds=17), Trouble.DEFERRED, "429 TooManyRequests")),
    ],
)
async def test_teams_says_what_is_final_and_when_to_come_again(url: str, state: dict[str, Any], expected: Outcome) -> None:
    assert await sent(chat("teams", FakeTeams(**state)), message(url)) == expected


@pytest.mark.parametrize(
    ("url", "state", "expected"),
    [
        (discord.URL, {"deleted": True}, Failed(Refusal.ADDRESS, "404 10015")),
        (discord.URL + "x", {}, Failed(Refusal.ADDRESS, "401 50027")),
        (discord.URL, {"forum": True}, Failed(Refusal.REFUSED, "400 220001")),
        (discord.URL + "?thread_id=7", {"forum": True}, Delivered("200 message 998877661")),
        (discord.URL, {"limited": 1}, Retry(timedelta(seconds=64.57), Trouble.DEFERRED, "429")),
    ],
)
async def test_discord_says_what_is_final_and_when_to_come_again(url: str, state: dict[str, Any], expected: Outcome) -> None:
    assert await sent(chat("discord", FakeDiscord(**state)), message(url)) == expected


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_address_of_another_provider_is_not_called(name: str) -> None:
    asked: list[httpx2.Request] = []
    channel = Chat(PROVIDERS[name], (), httpx2.MockTransport(lambda request: asked.append(request) or httpx2.Response(200)))  # type: ignore[func-returns-value]
    others = [url for own, url in (("slack", slack.URL), ("teams", teams.URL), ("discord", discord.URL)) if own != name]
    outcomes = await channel.send([message(each) for each in (*others, "https://127.0.0.1/x", "ada@example.org")])
    assert outcomes == [Failed(Refusal.UNSUPPORTED, f"no address of {name}")] * 4
    assert asked == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, Trouble.MALFORMED), (408, Trouble.DEFERRED), (413, Trouble.MALFORMED), (500, Trouble.UNKNOWN), (502, Trouble.UNKNOWN)],
)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_other_answers_are_judged_by_their_status(name: str, status: int, reason: Trouble) -> None:
    channel = Chat(PROVIDERS[name], (), httpx2.MockTransport(lambda request: httpx2.Response(status, text="<html>")))  # noqa: ARG005
    outcome = await sent(channel, message({"slack": slack.URL, "teams": teams.URL, "discord": discord.URL}[name]))
    assert outcome == Retry(None, reason, str(status))


# ── turns ────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_of_slack_gets_a_message_a_second_and_another_at_once() -> None:
    fake = FakeSlack()
    channel = chat("slack", fake, patience=0.0)
    first, second, other = await channel.send([message(slack.URL), message(slack.URL), message(slack.URL + "x")])
    assert first == Delivered("200 ok")
    assert isinstance(second, Retry)
    assert second.reason is Trouble.DEFERRED
    assert second.after is not None
    assert timedelta(seconds=0.5) < second.after <= timedelta(seconds=1)
    assert other == Failed(Refusal.ADDRESS, "403 invalid_token")


async def test_an_address_that_was_limited_is_left_alone_until_the_provider_says() -> None:
    fake = FakeSlack(limited=1)
    channel = chat("slack", fake)
    await sent(channel, message(slack.URL))
    again = await sent(channel, message(slack.URL))
    assert isinstance(again, Retry)
    assert again.after is not None
    assert timedelta(seconds=29) < again.after <= timedelta(seconds=30)
    assert fake.posted == [], "the second was not even sent"


async def test_discord_is_left_alone_when_its_limit_is_used_up() -> None:
    fake = FakeDiscord(left=1)
    channel = chat("discord", fake, patience=0.5)
    assert isinstance(await sent(channel, message(discord.URL)), Delivered)
    again = await sent(channel, message(discord.URL))
    assert isinstance(again, Retry)
    assert again.after is not None
    assert timedelta(seconds=1) < again.after <= timedelta(seconds=1.5)


# ── connections ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("behaviour", "detail"), [(hangs_up, "RemoteProtocolError"), (never_answers, "ReadTimeout")])
async def test_a_call_that_was_taken_and_not_answered_has_an_unknown_outcome(behaviour: Behaviour, detail: str) -> None:
    async with wire(behaviour) as server:
        channel = Chat(PROVIDERS["slack"], (), server.transport, within=0.3)
        outcome = await sent(channel, message(slack.URL))
    assert outcome in (Retry(None, Trouble.UNKNOWN, detail), Retry(None, Trouble.UNKNOWN, "TimeoutError"))
    assert server.calls == 1, "it is not sent again by itself"


async def test_a_server_that_is_away_was_told_nothing() -> None:
    async with wire(hangs_up) as server:
        transport = server.transport
    assert await sent(Chat(PROVIDERS["slack"], (), transport), message(slack.URL)) == Retry(None, Trouble.UNREACHABLE, "ConnectError")


async def test_a_redirect_is_not_followed() -> None:
    async with wire(says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")) as canary:
        answer = f"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{canary.port}/\r\ncontent-length: 0\r\n\r\n".encode()
        async with wire(says(answer)) as server:
            outcome = await sent(Chat(PROVIDERS["slack"], (), server.transport), message(slack.URL))
    assert outcome == Failed(Refusal.REFUSED, "307")
    assert (server.calls, canary.calls) == (1, 0)


async def test_an_answer_without_end_is_not_read_for_ever() -> None:
    async with wire(never_ends) as server:
        outcome = await sent(Chat(PROVIDERS["slack"], (), server.transport), message(slack.URL))
    assert outcome == Retry(None, Trouble.UNKNOWN, "200")


async def test_what_is_posted_on_the_wire_is_json_by_post_and_names_no_customer() -> None:
    async with wire(says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")) as server:
        await sent(Chat(PROVIDERS["slack"], (), server.transport), message(slack.URL))
    [asked] = server.asked
    head = asked.partition(b"\r\n\r\n")[0].decode().lower()
    assert head.startswith("post /services/t0001/b0001/")
    assert "content-type: application/json" in head
    assert "user-agent: forewarn" in head


async def test_a_message_that_cannot_be_made_is_a_defect_and_takes_the_others_nothing() -> None:
    fake = FakeSlack()
    broken = replace(message(slack.URL), subject="\ud800", text="\ud800")
    outcomes = await chat("slack", fake).send([broken, message(slack.URL)])
    assert outcomes[0] == Retry(None, Trouble.MALFORMED, "UnicodeEncodeError")
    assert outcomes[1] == Delivered("200 ok")


async def test_the_text_has_the_fallback_for_those_who_see_no_blocks() -> None:
    fake = FakeSlack()
    await sent(chat("slack", fake), message(slack.URL, text=TEXT * 100))
    assert len(fake.posted[0]["text"]) <= 4000
