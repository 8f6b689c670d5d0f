"""Operators say by REST who may sign in to the console."""

import pytest

from shared.settings import Settings
from tests.flow.console_door import AT, door


async def test_who_is_added_is_listed_without_anything_of_a_password(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        await on.add("ada", "lead")
        await on.add("bob@example.org", "agent", None)
        first = (await on.ask("GET", "/v1/people?limit=1")).json()
        second = (await on.ask("GET", f"/v1/people?cursor={first['next']}")).json()
    assert [(each["name"], each["role"], each["has_password"]) for each in first["items"]] == [("ada", "lead", True)]
    assert [(each["name"], each["has_password"]) for each in second["items"]] == [("bob@example.org", False)]
    assert second["next"] is None
    assert "argon2" not in str(first)


async def test_a_name_that_somebody_has_is_409(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        await on.add("ada", "lead", None)
        again = await on.ask("POST", "/v1/people", json={"name": "ada", "role": "viewer"})
        [row] = await on.rows("SELECT role FROM people")
    assert again.status_code == 409
    assert row == {"role": "lead"}


@pytest.mark.parametrize(
    "said",
    [
        {"name": "a b", "role": "agent"},
        {"name": "Operator", "role": "agent"},
        {"name": "ada", "role": "king"},
        {"name": "ada", "role": "agent", "password": "eleven char"},
        {"name": "ada", "role": "agent", "password": "x" * 1025},
        {"name": "ada"},
    ],
)
async def test_what_no_person_can_be_is_422(fresh_database: Settings, said: dict[str, str]) -> None:
    async with door(fresh_database) as on:
        assert (await on.ask("POST", "/v1/people", json=said)).status_code == 422
        assert await on.rows("SELECT FROM people") == []


async def test_a_link_signs_in_once_and_only_its_digest_is_stored(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        await on.add("a/b@example.org", "agent", None)
        answer = (await on.ask("POST", "/v1/people/a%2Fb@example.org/link")).json()
        everything = await on.rows("SELECT digest::text AS digest FROM entry_links")
    assert answer["url"].startswith(f"{AT}/enter/")
    assert answer["url"].rpartition("/")[2] not in str(everything)


async def test_whoever_is_not_there_is_404(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        for method, path in (("POST", "/link"), ("DELETE", "/sessions"), ("DELETE", ""), ("PATCH", "")):
            json = {"role": "agent"} if method == "PATCH" else None
            assert (await on.ask(method, f"/v1/people/nobody{path}", json=json)).status_code == 404, (method, path)


async def test_every_change_is_in_the_audit_log_and_says_nothing_of_a_password(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        await on.add("ada", "agent")
        await on.ask("PATCH", "/v1/people/ada", json={"role": "lead", "password": "a completely different one"})
        await on.ask("POST", "/v1/people/ada/link")
        await on.ask("DELETE", "/v1/people/ada/sessions")
        await on.ask("DELETE", "/v1/people/ada")
        rows = await on.rows("SELECT person, role, act, subject, before, after, outcome FROM audit ORDER BY id")
        keys = await on.rows("SELECT DISTINCT key FROM changes")
    assert [row["act"] for row in rows] == ["add a person", "change a person", "make a link", "end sessions", "remove a person"]
    assert {(row["person"], row["role"], row["subject"], row["outcome"]) for row in rows} == {
        ("operator", "operator", "person:ada", "done")
    }
    assert rows[1]["before"] == {"role": "agent", "disabled": False}
    assert rows[1]["after"] == {"role": "lead", "disabled": False, "password": "changed"}
    assert "different" not in str(rows)
    assert keys == [{"key": "audit"}]


async def test_only_an_operators_token_gets_in(fresh_database: Settings) -> None:
    async with door(fresh_database) as on:
        assert [(await on.ask("GET", "/v1/people", role)).status_code for role in (None, "producer", "agent")] == [401, 403, 403]
