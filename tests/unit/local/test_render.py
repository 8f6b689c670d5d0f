"""`forewarn render` shows what customers are told, in the words that count."""

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from deploy.local.cli import app
from services.notifier.wording.forms import Event


def render(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["render", *map(str, arguments)], env={"FOREWARN_OWN_CONFIG_DIR": "/nonexistent"})


def test_an_event_is_shown_in_a_locale_as_text_and_as_html(tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    result = render("resolved", "--locale", "de-AT", "--html", page)
    assert result.exit_code == 0, result.output
    assert "Locale:  de\nSubject: Entwarnung: Checkout funktioniert wieder\n\nGuten Tag Ada Lovelace,\n" in result.output
    assert "Entwarnung" in page.read_text()


def test_a_customer_of_a_file_is_told_by_their_name_locale_and_clock(tmp_path: Path) -> None:
    file = tmp_path / "customer.yml"
    file.write_text("name: Jörg Müller\nlocale: de-CH\ntimezone: America/New_York\n")
    assert "Guten Tag Jörg Müller,\n\neinige Ihrer Anfragen an Checkout sind seit 07:58 EST" in render("opened", "--customer", file).output
    file.write_text("name: Jörg\nlocale: [de]\n")
    result = render("opened", "--customer", file)
    assert result.exit_code == 1
    assert f"{file}:2: locale: " in result.output


def test_an_sms_is_shown_as_it_is_sent() -> None:
    assert "Shop: the trouble with Checkout is over." in render("resolved", "--channel", "sms").output


def test_all_are_written_into_a_folder_with_a_page_that_lists_them(tmp_path: Path) -> None:
    result = render("--all", tmp_path / "all", "--symptom", "slow")
    assert result.exit_code == 0, result.output
    index = (tmp_path / "all" / "index.html").read_text()
    for event in Event:
        for name in (f"{event}.de.email.html", f"{event}.en.email.txt", f"{event}.de.sms.txt"):
            assert f'"{name}"' in index
            assert (tmp_path / "all" / name).read_text()


def test_mistakes_in_templates_are_told_instead(tmp_path: Path) -> None:
    (tmp_path / "templates" / "de").mkdir(parents=True)
    (tmp_path / "templates" / "de" / "help.txt").write_text("Subject: x\n\n{{ nme }}")
    result = render("help", "--own", tmp_path)
    assert result.exit_code == 1
    assert "templates/de/help.txt:3: nme is none of " in result.output


def test_it_wants_one_event_or_all() -> None:
    assert render().exit_code == render("opened", "--all", "x").exit_code == render("nothing").exit_code == 2
