"""People sign in by password or by a link, stay signed in for a time, and are signed out by what should end it."""

import asyncio
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from prometheus_client import REGISTRY

from services.console.sessions.cookies import SESSION
from shared.settings import Settings
from tests.flow.console_door import PASSWORD, Door, door


async def signed_in(browser: httpx2.AsyncClient) -> bool:
    answer = await browser.get("/")
    assert answer.status_code in (200, 303), answer.text
    return answer.status_code == 200


async def by_password(browser: httpx2.AsyncClient, name: str = "ada", password: str = PASSWORD, page: str = "/") -> httpx2.Response:
    return await browser.post("/sign-in", data={"name": name, "password": password, "next": page})


async def test_who_has_a_password_signs_in_and_comes_to_the_page_that_was_asked_for(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        asked = await browser.get("/incidents/i-1?cursor=x")
        form = await browser.get(asked.headers["location"])
        entered = await by_password(browser, page="/incidents/i-1?cursor=x")
        assert asked.headers["location"] == "/sign-in?next=%2Fincidents%2Fi-1%3Fcursor%3Dx"
        assert 'value="/incidents/i-1?cursor=x"' in form.text
        assert (entered.status_code, entered.headers["location"]) == (303, "/incidents/i-1?cursor=x")
        assert await signed_in(browser)


@pytest.mark.parametrize("page", ["/customers/a%2F%2Fb", "/customers/x%3Fy?cursor=z", "/customers/%C3%BC", "/customers/50%25"])
async def test_who_signs_in_comes_to_the_customer_that_was_asked_for_whatever_its_id_holds(fresh_database: Settings, page: str) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        asked = (await browser.get(page)).headers["location"]
    assert parse_qs(urlsplit(asked).query)["next"] == [page]


async def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it_and_only_its_digest_is_stored(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        cookies = (await by_password(browser)).headers.get_list("set-cookie")
        stored = await on.rows("SELECT encode(digest, 'escape') AS digest FROM sessions")
    for cookie, name, age in zip(cookies, ("__host-forewarn=", "__host-forewarn-browser="), (43_200, 90 * 86_400), strict=True):
        value, *attributes = cookie.lower().split("; ")
        assert value.startswith(name)
        assert {"httponly", "secure", "samesite=lax", "path=/", f"max-age={age}"} == set(attributes)
    assert browser.cookies[SESSION] not in str(stored)


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong horse battery"), ("nobody", PASSWORD), ("a b\0", PASSWORD), ("", "")])
async def test_what_is_not_right_says_the_same_whoever_it_is_of(fresh_database: Settings, name: str, password: str) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        answer = await by_password(browser, name, password)
        assert answer.status_code == 422
        assert "No one may sign in with this name and this password." in answer.text
        assert not await signed_in(browser)


async def test_a_failed_try_is_audited_by_name_only_if_somebody_is_called_so(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await by_password(browser, "ada", "not it, not at all")
        await by_password(browser, "my secret typed as a name", "x")
        rows = await on.rows("SELECT person, outcome FROM audit WHERE act = 'sign in'")
    assert rows == [{"person": "ada", "outcome": "refused"}]


async def test_after_some_failures_the_next_try_must_wait_from_anywhere_and_a_success_resets_the_name(
    fresh_database: Settings,
) -> None:
    async with door(fresh_database) as on, on.browser() as one, on.browser("198.51.100.9") as other:
        await on.add("ada", "agent")
        await on.stop_clock()
        tries = [(await by_password(one, password="wrong horse battery")).status_code for _ in range(6)]
        refused = await by_password(other)
        await on.later(timedelta(minutes=6))
        entered = await by_password(other)
        names = await on.rows("SELECT failures FROM sign_in_failures ORDER BY failures")
    assert tries == [422] * 5 + [429]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "too many tries" in refused.text
    assert entered.status_code == 303
    assert [row["failures"] for row in names] == [0, 5]


async def test_a_session_ends_after_an_hour_without_use(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        await on.later(timedelta(minutes=59))
        assert await signed_in(browser)
        await on.later(timedelta(minutes=118))
        assert await signed_in(browser)
        await on.later(timedelta(minutes=179))
        assert not await signed_in(browser)


async def test_what_an_open_page_asks_by_itself_keeps_nobody_signed_in(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        await on.later(timedelta(minutes=40))
        assert (await browser.get("/", headers={"Forewarn-Regions": "incidents"})).status_code == 200
        await on.later(timedelta(minutes=61))
        assert (await browser.get("/", headers={"Forewarn-Regions": "incidents"})).status_code == 401


async def test_a_session_ends_after_twelve_hours_of_use(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        for minutes in range(30, 12 * 60, 30):
            await on.later(timedelta(minutes=minutes))
            assert await signed_in(browser)
        await on.later(timedelta(hours=12, minutes=1))
        assert not await signed_in(browser)


async def test_use_is_noted_once_a_minute(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        [begun] = await on.rows("SELECT used_at FROM sessions")
        await browser.get("/")
        [again] = await on.rows("SELECT used_at FROM sessions")
        await on.later(timedelta(seconds=61))
        await browser.get("/")
        [later] = await on.rows("SELECT used_at FROM sessions")
    assert begun == again
    assert later["used_at"] > again["used_at"]


async def test_signing_out_ends_this_session_and_no_other(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as one, on.browser() as other:
        await on.add("ada", "agent")
        await on.enter(one, "ada")
        await on.enter(other, "ada")
        stolen = one.cookies[SESSION]
        out = await one.post("/sign-out")
        assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
        one.cookies.set(SESSION, stolen, domain="console.example.com")
        assert not await signed_in(one)
        assert await signed_in(other)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"role": "lead"}),
        ("PATCH", "", {"password": "another long password"}),
        ("PATCH", "", {"disabled": True}),
        ("DELETE", "", None),
        ("DELETE", "/sessions", None),
    ],
)
async def test_what_changes_a_person_ends_their_sessions_and_nobody_elses(
    fresh_database: Settings, method: str, path: str, body: dict[str, object] | None
) -> None:
    async with door(fresh_database) as on, on.browser() as ada, on.browser() as bob:
        await on.add("ada", "agent")
        await on.add("bob", "agent")
        await on.enter(ada, "ada")
        await on.enter(bob, "bob")
        assert (await on.ask(method, f"/v1/people/ada{path}", json=body)).status_code == 204
        assert (await signed_in(ada), await signed_in(bob)) == (False, True)


async def test_looking_at_a_link_does_not_use_it_up_and_the_button_does(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as ada, on.browser() as thief:
        await on.add("ada", "agent", None)
        link = await on.link("ada")
        for _ in range(2):
            assert "Sign in as ada" in (await ada.get(link)).text
        assert (await ada.post(link)).status_code == 303
        assert (await ada.post(link)).status_code == 303  # pressed twice
        assert await signed_in(ada)
        assert (await thief.get(link)).status_code == 404
        assert (await thief.post(link)).status_code == 404
        assert not await signed_in(thief)


async def test_a_link_is_over_after_15_minutes_and_when_another_is_made(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent", None)
        first = await on.link("ada")
        second = await on.link("ada")
        assert (await browser.post(first)).status_code == 404
        await on.later(timedelta(minutes=15))
        assert (await browser.post(second)).status_code == 404


@pytest.mark.parametrize(
    "page", ["//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/\t/evil.example", "/sign-in"]
)
async def test_after_signing_in_no_address_of_somebody_elses_is_led_to(fresh_database: Settings, page: str) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        assert (await by_password(browser, page=page)).headers["location"] == "/"


async def test_a_form_of_another_site_is_refused_whoever_is_signed_in(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        for site in ("cross-site", "same-site", "none"):
            refused = await browser.post("/sign-out", headers={"sec-fetch-site": site})
            assert refused.status_code == 403
            assert "not by a page of the console" in refused.text
        assert await signed_in(browser)


async def test_who_is_not_signed_in_is_401_on_a_form_and_comes_back_to_its_page(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        answer = await browser.post("/tickets/7/reply", headers={"referer": "https://console.example.com/tickets/7"})
        large = await browser.post("/tickets/7/reply", content=b"x" * 100_000)
    assert answer.status_code == 401
    assert "/sign-in?next=%2Ftickets%2F7" in answer.text
    assert large.status_code == 401


async def test_while_the_database_is_away_nobody_is_signed_out(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        await on.database.close()
        away = await browser.get("/")
        await on.database.open()
        assert (away.status_code, away.headers["retry-after"]) == (503, "2")
        assert "set-cookie" not in away.headers
        assert "text/html" in away.headers["content-type"]
        assert await signed_in(browser)


async def test_a_viewer_sees_personal_data_for_15_minutes_and_says_why(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("vera", "viewer")
        await on.enter(browser, "vera")
        assert (await browser.post("/unmask", data={"reason": " "})).status_code == 422
        assert (await browser.post("/unmask", data={"reason": "a call from the customer", "next": "/"})).status_code == 303
        [held] = await on.rows("SELECT unmasked_until - clock() AS left FROM sessions")
        assert timedelta(minutes=14) < held["left"] <= timedelta(minutes=15)
        assert (await browser.post("/mask")).status_code == 303
        [held] = await on.rows("SELECT unmasked_until <= clock() AS over FROM sessions")
        rows = await on.rows("SELECT after FROM audit WHERE act = 'see personal data'")
    assert held["over"]
    assert rows == [{"after": {"reason": "a call from the customer", "minutes": 15}}]


async def test_who_does_not_see_personal_data_is_led_to_ask_for_it_and_may_hide_it_again(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("vera", "viewer")
        await on.enter(browser, "vera")
        hidden = await browser.get("/queue?whose=nobody")
        asked = await browser.get("/unmask?next=%2Fqueue%3Fwhose%3Dnobody")
        shown = await browser.post("/unmask", data={"reason": "a call", "next": "/queue?whose=nobody"})
        page = await browser.get(shown.headers["location"])
    assert 'href="/unmask?next=%2Fqueue%3Fwhose%3Dnobody">See personal data</a>' in hidden.text
    assert "/mask" not in hidden.text.replace("/unmask", "")
    assert 'name="next" value="/queue?whose=nobody"' in asked.text
    assert "See personal data</a>" not in asked.text + page.text
    assert re.search(r'action="/mask">Personal data is shown until <time datetime="[^"]+">\d\d:\d\d</time> UTC', page.text)
    assert '<input type="hidden" name="next" value="/queue?whose=nobody"><button>Hide it again</button>' in page.text


@pytest.mark.parametrize(
    ("role", "seen"),
    [("viewer", ""), ("agent", ""), ("lead", "/audit"), ("operator", "/audit /people")],
    ids=lambda value: value or "neither",
)
async def test_the_navigation_leads_to_what_the_role_may_open(fresh_database: Settings, role: str, seen: str) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("ada", role)
        await on.enter(browser, "ada")
        page = await browser.get("/")
        led = re.findall(r'<li><a href="([^"]+)"[^>]*data-go="(\w)"', page.text)
        answers = [(await browser.get(path)).status_code for path, _ in led]
    assert [path for path, _ in led] == [
        "/",
        "/queue",
        "/incidents",
        "/approvals",
        "/risks",
        "/rules",
        "/maintenance",
        "/sources",
        "/health",
        *seen.split(),
    ]
    assert set(answers) == {200}
    assert len({key for _, key in led}) == len(led)


async def test_an_open_event_stream_ends_within_10_seconds_of_signing_out(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser, on.browser() as other_tab:
        await on.add("ada", "agent")
        await on.enter(browser, "ada")
        other_tab.cookies = browser.cookies
        stream = asyncio.create_task(other_tab.get("/live?keys=tickets"))
        async with asyncio.timeout(5):
            while REGISTRY.get_sample_value("forewarn_console_live_streams") != 1:  # noqa: ASYNC110  the stream decides when
                await asyncio.sleep(0.02)
        assert (await browser.post("/sign-out")).status_code == 303
        answer = await asyncio.wait_for(stream, 10)
    assert (answer.status_code, answer.text[:5]) == (200, "retry")


async def _operator(on: Door, browser: httpx2.AsyncClient) -> None:
    await on.add("olga", "operator", None)
    await on.enter(browser, "olga")


async def test_an_operator_adds_a_person_on_the_page_once_however_often_the_form_is_sent(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await _operator(on, browser)
        said = {"name": "ada", "role": "lead", "form_id": "f-1"}
        answers = [await browser.post("/people/add", data=said) for _ in range(2)]
        taken = await browser.post("/people/add", data=said | {"form_id": "f-2"})
        page = await browser.get("/people")
        link = await browser.post("/people/link", data={"name": "ada", "form_id": "f-3"})
        own = await browser.post("/people/role", data={"name": "olga", "role": "viewer", "form_id": "f-4"})
    assert [answer.status_code for answer in answers] == [303, 303]
    assert taken.status_code == 409
    assert "there is already somebody called ada" in taken.text
    assert page.status_code == 200
    assert "https://console.example.com/enter/" in link.text
    assert own.status_code == 409


async def test_nobody_but_an_operator_sees_people(fresh_database: Settings) -> None:
    async with door(fresh_database) as on, on.browser() as browser:
        await on.add("lea", "lead", None)
        await on.enter(browser, "lea")
        assert (await browser.get("/people")).status_code == 403
