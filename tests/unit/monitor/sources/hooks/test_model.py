"""What sources.yml may not say of a hook is a mistake with its line."""

from pathlib import Path

import pytest

from services.monitor.sources.file import SourcesFile
from shared.configuration.files import ConfigError, load

EVENTS = "events: [{type: com.example.x}]"


def hooks(folder: Path, said: str) -> SourcesFile:
    file = folder / "sources.yml"
    file.write_text(f"hooks:\n{said}\n")
    return load(file, SourcesFile)


def test_a_hook_of_each_form_is_read(tmp_path: Path) -> None:
    said = f"""\
  - {{name: alertmanager, kind: alertmanager, secret: alertmanager, component: "{{labels.component}}", map: {{Kasse: checkout}}}}
  - {{name: carrier, kind: json, secret: carrier, {EVENTS}}}
"""
    assert [each.name for each in hooks(tmp_path, said).hooks] == ["alertmanager", "carrier"]


@pytest.mark.parametrize(
    ("said", "line", "why"),
    [
        ("- {name: a, kind: nagios, secret: a}", 2, "kind: Input should be 'alertmanager'"),
        ("- {name: a/b, kind: grafana, secret: a}", 2, "name: "),
        ("- {name: ..%2f, kind: grafana, secret: a}", 2, "name: "),
        ("- {name: a, kind: grafana, secret: ../tokens}", 2, "secret: "),
        ("- {name: a, kind: grafana}", 2, "secret: Field required"),
        (f"- {{name: a, kind: grafana, secret: a, {EVENTS}}}", 2, "events: not of kind grafana"),
        ("- {name: a, kind: stripe, secret: a, signature: {header: X}}", 2, "signature: not of kind stripe"),
        (f'- {{name: a, kind: json, secret: a, component: "{{x}}", {EVENTS}}}', 2, "component: not of kind json"),
        ("- {name: a, kind: json, secret: a}", 2, "says what its requests become"),
        ('- {name: a, kind: json, secret: a, events: [{type: a, once: "{x}"}]}', 2, "once: an id that says the same"),
        ("- {name: a, kind: json, secret: a, events: [{type: a}, {type: b}]}", 2, "an id of its own"),
        (
            '- {name: a, kind: json, secret: a, events: [{type: forewarn.customer.updated.v1, subject: "{x}"}]}',
            2,
            "a hook says what happened",
        ),
        ("- {name: a, kind: json, secret: a, events: [{type: forewarn.incident.opened.v1}]}", 2, "Forewarn's own to say"),
        ('- {name: a, kind: json, secret: a, signature: {header: "X Y"}, events: [{type: a}]}', 2, "no name of an HTTP header"),
        ("- {name: a, kind: grafana, secret: a}\n- {name: a, kind: sentry, secret: b}", 1, "two hooks have the same name"),
        ("- {name: a, kind: grafana, secret: a, component: {labels.x}}", 2, "braces without quotes"),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, said: str, line: int, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"sources\.yml:{line}: .*{why}"):
        hooks(tmp_path, said)
