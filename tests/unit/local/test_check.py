"""`forewarn check-config` says what the services understand, or each mistake with its line."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from services.monitor.rules.file import RulesFile
from shared.configuration.files import load

SHIPPED = Path(__file__).parent.parent.parent.parent / "deploy" / "config"


def check(folder: Path) -> Any:
    return CliRunner().invoke(app, ["check-config", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a copy of the configuration as it is shipped, to be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config", ignore=shutil.ignore_patterns("templates")))


def test_what_is_shipped_is_fine() -> None:
    result = check(SHIPPED)
    assert result.exit_code == 0
    *files, templates = result.output.splitlines()
    assert [line.partition(": ")[2].partition(",")[0] for line in files] == ["fine"] * 6
    assert templates.startswith(f"{SHIPPED}/templates: ")
    assert templates.endswith(" templates compile, in de, en")
    assert "rules: checkout-failing" in result.output


@pytest.mark.parametrize(
    ("name", "spoilt", "said"),
    [
        ("rules.yml", "rules: [{id: X}]", "rules.yml:1: rules.0.id: "),
        ("rules.yml", "rules: [", "rules.yml:2: "),
        ("catalog.yml", "components:\n  checkout: {nome: Checkout}", "catalog.yml:2: components.checkout.nome: "),
        ("sources.yml", "hooks:\n  - {name: a, kind: nagios, secret: a}", "sources.yml:2: hooks.0.kind: "),
        ("support.yml", "first_response:\n  targets: {urgent: soon}", "support.yml:2: first_response.targets.urgent: "),
        ("notifications.yml", "caps: {count: -1}", "notifications.yml:1: caps.count: "),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line_and_the_other_files_are_checked(folder: Path, name: str, spoilt: str, said: str) -> None:
    (folder / name).write_text(spoilt + "\n")
    result = check(folder)
    assert result.exit_code == 1
    assert f"{folder}/{said}" in result.output
    assert result.output.count(": fine, ") == 5


def refused(folder: Path, name: str, spoilt: bytes | str) -> str:
    """Returns what is said of the file after it was spoilt: one mistake for each line of it, and nothing of how we found out."""
    (folder / name).write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    result = check(folder)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.output.count(": fine, ") == 5
    return str(result.output)


def warned(folder: Path, name: str, spoilt: str) -> list[str]:
    """Returns the warnings about the file; it is fine all the same."""
    (folder / name).write_text(spoilt)
    result = check(folder)
    assert result.exit_code == 0
    assert result.output.count(": fine, ") == 6
    return [line.removeprefix(f"Warning: {folder}/{name}:") for line in result.output.splitlines() if line.startswith("Warning: ")]


def test_a_key_that_is_there_twice_is_a_mistake_told_with_both_lines(folder: Path) -> None:
    rules = (folder / "rules.yml").read_text()
    line, again = rules.splitlines().index("rules:") + 1, rules.count("\n") + 1
    said = refused(folder, "rules.yml", rules + "rules: []\n")
    assert f"{folder}/rules.yml:{again}: rules is there twice, first in line {line}\n" in said


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("components:\n  checkout: {name: A}\n  search: {name: B}\n  checkout: {name: C}\n", (4, "checkout", 2)),
        ("components:\n  checkout: {name: A, name: B}\n", (2, "name", 2)),
        ('components:\n  checkout: {name: A}\n  "checkout": {name: B}\n', (3, "checkout", 2)),
    ],
)
def test_a_key_that_is_there_twice_is_found_in_any_mapping(folder: Path, spoilt: str, said: tuple[int, str, int]) -> None:
    line, key, before = said
    assert f"catalog.yml:{line}: {key} is there twice, first in line {before}\n" in refused(folder, "catalog.yml", spoilt)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (b"components:\n  a: {name: Caf\xe9}\n", "2: this is not UTF-8"),
        (b"\xff\xfec\x00o\x00", "1: this is not UTF-8"),
        (b"components:\n  a: {name: A\x07}\n", "2: the character U+0007 may not stand here"),
        (b"components:\n  a: {name: A}\n\x00", "3: the character U+0000 may not stand here"),
        (b'components:\n\n  a: {name: "A\\0"}\n', "3: the character U+0000 may not stand here"),
        (b'components:\n  a: {name: "A\\ud800"}\n', "2: the character U+D800 may not stand here"),
        (b'components:\n  "a\\u0085": {name: A}\n', "2: the character U+0085 may not stand here"),
        (b"components:\n  a: {name: 2026-13-45}\n", "2: '2026-13-45' is no value that can be read"),
        (b"components: {a: {name: !!int x}}\n", "1: the tag tag:yaml.org,2002:int is not read here"),
        (b"components: {a: {name: !!python/name:os.system x}}\n", "1: the tag tag:yaml.org,2002:python/name:os.system is not read here"),
        (b"[" * 5_000, "1: nested more than 32 deep"),
        (b"components: &a {b: *a}\n", "1: more than 100,000 values, aliases written out"),
    ],
)
def test_a_file_that_is_no_sound_yaml_is_a_mistake_told_with_its_line(folder: Path, spoilt: bytes, said: str) -> None:
    assert f"{folder}/catalog.yml:{said}" in refused(folder, "catalog.yml", spoilt)


def test_aliases_that_multiply_are_refused_at_once(folder: Path) -> None:
    levels = [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 10)]
    assert "aliases written out" in refused(folder, "catalog.yml", "\n".join(["l0: &l0 [x]", *levels]) + "\n")


@pytest.mark.parametrize("length", ["-5m", "-1h30m", "-PT5M", "-300", "-0.5"])
def test_a_negative_duration_is_a_mistake(folder: Path, length: str) -> None:
    name = "notifications.yml"
    spoilt = (folder / name).read_text().replace("wait_for_customer: 15m", f"wait_for_customer: {length}")
    line = spoilt[: spoilt.index("wait_for_customer")].count("\n") + 1
    assert f"{name}:{line}: wait_for_customer: a duration here is between 0s and" in refused(folder, name, spoilt)


@pytest.mark.parametrize("length", ["99999999999d", "4000d", "P11Y", "1e300", ".inf", ".nan", "'-'", "''", "soon"])
def test_a_duration_that_is_none_or_of_no_use_is_a_mistake_and_no_more(folder: Path, length: str) -> None:
    spoilt = (folder / "rules.yml").read_text().replace("window: 15s", f"window: {length}")
    assert ": rules.0.window: " in refused(folder, "rules.yml", spoilt)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("rules.yml", "horizon: 10m", "horizon: 0s"),
        ("notifications.yml", "per: 1h", "per: 0"),
        ("notifications.yml", "max_event_age: 24h", "max_event_age: PT0S"),
        ("notifications.yml", "ttl: 24h", "ttl: 0m"),
        ("notifications.yml", "ladder: [1m,", "ladder: [0m,"),
        ("notifications.yml", "unreachable_at_first: 1s", "unreachable_at_first: 0s"),
        ("support.yml", "urgent: 15m", "urgent: 0m"),
        ("support.yml", "resolve_after_silence: 3d", "resolve_after_silence: 0d"),
    ],
)
def test_a_duration_of_zero_is_a_mistake_where_it_makes_no_sense(folder: Path, name: str, before: str, after: str) -> None:
    shipped = (folder / name).read_text()
    assert before in shipped
    assert "a duration here is above 0s and at most" in refused(folder, name, shipped.replace(before, after))


def test_no_wait_at_all_is_allowed_where_it_makes_sense(folder: Path) -> None:
    name = "notifications.yml"
    assert warned(folder, name, (folder / name).read_text().replace("wait_for_customer: 15m", "wait_for_customer: 0s")) == []


@pytest.mark.parametrize(("word", "read"), [("off", "false"), ("on", "true"), ("No", "false"), ("YES", "true")])
def test_a_bare_word_that_yaml_reads_as_true_or_false_is_warned_of(folder: Path, word: str, read: str) -> None:
    shipped = (folder / "rules.yml").read_text()
    spoilt = shipped.replace("{data.ok: false}", f"{{data.power: {word}}}")
    line = spoilt[: spoilt.index("data.power")].count("\n") + 1
    assert warned(folder, "rules.yml", spoilt) == [f'{line}: {word} is read as {read}; write {read}, or "{word}" if the word is meant']
    assert warned(folder, "rules.yml", spoilt.replace(f": {word}}}", f': "{word}"}}')) == []


def test_a_comparison_that_never_holds_is_warned_of_with_its_line(folder: Path) -> None:
    spoilt = (folder / "rules.yml").read_text().replace("data.latency_ms: {above: 5000}", "data.latency_ms: {above: 5, below: 3}")
    line = spoilt[: spoilt.index("data.latency_ms")].count("\n") + 1
    where = "rules.1.bad.data.latency_ms"
    assert warned(folder, "rules.yml", spoilt) == [f"{line}: {where}: this never holds: no number is above 5 and below 3"]


def test_a_service_that_starts_with_doubts_says_them_in_its_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = folder / "rules.yml"
    path.write_text(path.read_text().replace("{data.ok: false}", "{data.power: off}"))
    load(path, RulesFile)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "off is read as false" in caplog.text


def test_a_file_that_the_operator_does_not_have_is_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "support.yml").write_text((SHIPPED / "support.yml").read_text())
    result = check(tmp_path)
    assert result.exit_code == 0
    assert f"{tmp_path}/support.yml: fine, your own, " in result.output
    for name in ("catalog.yml", "rules.yml", "notifications.yml"):
        assert f"{SHIPPED}/{name}: fine, as shipped, " in result.output


def test_a_file_that_is_in_neither_folder_is_a_mistake(folder: Path, tmp_path: Path) -> None:
    (folder / "support.yml").unlink()
    result = CliRunner().invoke(app, ["check-config", str(tmp_path), "--shipped", str(folder)])
    assert result.exit_code == 1
    assert f"{folder}/support.yml: No such file or directory" in result.output


def test_a_link_that_leads_nowhere_counts_and_is_a_mistake(folder: Path) -> None:
    (folder / "rules.yml").unlink()
    (folder / "rules.yml").symlink_to("away.yml")
    result = check(folder)
    assert result.exit_code == 1
    assert f"{folder}/rules.yml: No such file or directory" in result.output


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    result = check(tmp_path / "conifg")
    assert result.exit_code == 1
    assert "conifg: there is no such folder" in result.output


def test_topics_of_the_operators_own_are_checked_and_alertmanagers_file_is_known(folder: Path) -> None:
    (folder / "topics.yml").write_text("topics: {}\n")
    (folder / "alertmanager.yml").write_text("route: {}\n")
    result = check(folder)
    assert result.exit_code == 1
    assert f"{folder}/topics.yml:1: dead_letters: Field required" in result.output
    assert "no service reads" not in result.output


def test_a_file_that_nobody_reads_is_remarked_on(folder: Path) -> None:
    (folder / "rule.yml").write_text("rules: []\n")
    result = check(folder)
    assert result.exit_code == 0
    assert f"{folder}/rule.yml: no service reads a file of this name" in result.output


@pytest.mark.parametrize(
    ("name", "spoilt", "said"),
    [
        ("de/opened.txt", "Subject: x\n\nHallo {{ nme }}", "de/opened.txt:3: nme is none of "),
        ("de/opened.txt", "Hallo", "de/opened.txt:1: the first line is `Subject: …`"),
        ("de/opened.txt", "Subject: x\n\n{% for i in name %}\n{% endfor %}", "de/opened.txt:3: a loop is not allowed"),
        ("de/opened.txt", b"Subject: x\n\n\xff", "de/opened.txt:3: this is not UTF-8"),
        ("de/opened.mjml", "<mjml><mj-body>\n<mj-section>\n</mj-body></mjml>", "de/opened.mjml:3: this is no MJML: mismatched tag"),
        ("de/opened.mjml", "<mjml><mj-body>\n<mj-txt>x</mj-txt></mj-body></mjml>", "de/opened.mjml:2: <mj-txt> is none of "),
        ("de/opened.mjml", '<mjml><mj-body>\n\n<mj-include path="../x" /></mj-body></mjml>', "de/opened.mjml:3: ../x is no part "),
        ("de/opened.html", '<p>\n<a href="javascript:x">x</a>', "de/opened.html:2: href leads to "),
        ("dd/opened.txt", "Subject: x\n\nx", "dd/opened.txt: dd is no locale "),
        ("de/opend.txt", "Subject: x\n\nx", "de/opend.txt: no template has such a name"),
    ],
)
def test_a_mistake_in_a_template_is_told_with_its_file_and_line(tmp_path: Path, name: str, spoilt: str | bytes, said: str) -> None:
    file = tmp_path / "templates" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    result = check(tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path}/templates/{said}" in result.output
    assert "Traceback" not in result.output
