"""People see a story as plain lines that tell each moment once, or as a picture that can be drawn at any point of it."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.live import Live

from deploy.local.terminal import Screen
from deploy.local.view import Lines, Picture
from deploy.local.witness import Witness
from deploy.simulator.story import published
from tests.unit.local.test_verdict import START, as_it_should_be, at


def test_lines_tell_each_moment_once(capsys: pytest.CaptureFixture[str]) -> None:
    seen, mails = as_it_should_be()
    lines = Lines()
    lines.show(seen)
    seen.saw_mails(mails, at(50).timestamp())
    lines.show(seen)
    lines.show(seen)
    said = capsys.readouterr().out
    for sentence in (
        "opens an incident",
        "is told (1 of 137)",
        "is told (137 of 137)",
        "is given the all-clear (137 of 137)",
        "is resolved",
    ):
        assert said.count(sentence) == 1


@pytest.mark.parametrize("phase", ["nothing yet", "in the middle", "at the end"])
def test_the_picture_can_be_drawn_at_any_point(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "120", "LINES": "60"}.items():
        monkeypatch.setenv(name, value)
    seen, mails = as_it_should_be() if phase != "nothing yet" else (Witness(published(), START.timestamp()), [])
    seen.saw_mails([each for each in mails if phase == "at the end" or each.kind == "opened"], (START + timedelta(seconds=60)).timestamp())
    out = StringIO()
    with Live(console=Screen(out), auto_refresh=False) as live:
        picture = Picture(live)
        picture.keep("The console: http://localhost:8004/enter/a-link")
        picture.say("starting")
        picture.show(seen)
        live.refresh()
    drawn = out.getvalue()
    assert "told: 0 of 137" in drawn if phase == "nothing yet" else "told: 137 of 137" in drawn
    assert "http://localhost:8004/enter/a-link" in drawn
