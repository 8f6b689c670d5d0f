"""No template leaves its language, its sandbox, its time or its memory: FAULTS row 26, with the payloads that are known."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError, TemplateError
from markupsafe import Markup

from services.notifier.wording import bounded, markup
from services.notifier.wording.bounded import MEMORY, SECONDS, checked
from services.notifier.wording.checking import check
from services.notifier.wording.forms import Form
from services.notifier.wording.language import LARGEST, PAGE_FIELDS, SOURCE, TEXT_FIELDS, TooLong, compiled, filled, mistakes, sandbox
from services.notifier.wording.samples import sample_fields

SECRET = "s3cr3t"
ESCAPES = (  # of public collections for Jinja2: each would read, run or change something if the sandbox or the language let it
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__']['__base__'] }}",
    "{{ ().__class__.__bases__[0].__subclasses__()[59].__init__.__globals__ }}",
    "{{ name.__init__.__globals__['os'].popen('id').read() }}",
    "{{ name|attr('__class__')|attr('__mro__') }}",
    "{{ name|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').environ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config.items() }}",
    "{{ request.application.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.environ }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].environ }}",
    "{{ range.__class__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(name) }}",
    "{{ '{0.__class__}'.format_map({'0': name}) }}",
    "{{ ('%s' % name).__class__ }}",
    "{{ ''.join.__self__.__class__ }}",
    "{{ (name.upper)|attr('__func__') }}",
    "{{ [].append(1) }}",
    "{{ {}.update(a=1) }}",
    "{{ [1]|map('attr', '__class__')|list }}",
    "{{ [name]|map(attribute='__class__')|list }}",
    "{{ [name]|groupby('__class__') }}",
    "{{ [name]|sort(attribute='__class__') }}",
    "{{ name|xmlattr }}",
    "{{ name|format }}",
    "{{ name|pprint }}",
    "{{ name|tojson }}",
    "{{ name|safe }}",
    "{{ name|string|attr('__class__') }}",
    "{% set x = name.__class__ %}{{ x }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{{ m.__class__ }}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import environ %}",
    "{% extends '/etc/passwd' %}",
    "{% filter attr('__class__') %}x{% endfilter %}",
    "{% call name.__class__() %}{% endcall %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{% raw %}{{ name }}{% endraw %}",
    "{% with x = name.__class__ %}{{ x }}{% endwith %}",
    "{% block a %}{{ super.__globals__ }}{% endblock %}",
    "{{ name is sameas name.__class__ }}",
    "{{ name[::-1] }}",
)
BOMBS = (  # denial of service: each would take seconds, or gigabytes
    "{{ 'a' * 10**10 }}",
    "{{ 9**9**9 }}",
    "{{ [0] * 10**10 }}",
    "{{ 'x'|center(10**10) }}",
    "{{ 'x'.ljust(10**10) }}",
    "{{ '%10000000000d' % 1 }}",
    "{{ '{:>10000000000}'.format(1) }}",
    "{{ name|indent(10**10) }}",
    "{{ (name ~ name)|replace('', name) }}",
    "{% for i in range(10**9) %}{{ i }}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}",
    "{% for i in lipsum(n=10**8) %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 40 + "{{ a }}",
    "{{ 'a'|list|batch(1)|list }}",
    "{{ " + "(" * 3000 + "name" + ")" * 3000 + " }}",
    "{{ " + "not " * 3000 + "name }}",
    "{% if name %}" * 500 + "{% endif %}" * 500,
)


@pytest.mark.parametrize("payload", [*ESCAPES, *BOMBS])
def test_a_template_that_does_more_than_show_fields_is_refused_when_it_is_read(payload: str) -> None:
    for form, text in ((Form.TEXT, f"Subject: x\n\n{payload}"), (Form.HTML, f"<p>\n\n{payload}</p>")):
        started = time.process_time()
        found = check("opened", form, text, {})
        assert found.places, "it was taken"
        assert found.page == ""
        assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("payload", ESCAPES)
def test_the_sandbox_holds_even_what_the_language_would_let_through(payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_LINK_SECRET", SECRET)
    try:
        said = sandbox(html=True).from_string(payload).render(name="Ada <b>")
    except (SecurityError, TemplateError, TypeError, LookupError):
        return
    assert all(sign not in said for sign in (SECRET, "<class", "subclass", "root:", "built-in", "0x")), said


def test_a_template_that_eats_memory_or_time_ends_with_its_process() -> None:
    """A child like the one that checks templates is given what the language would have refused."""
    script = (
        "import sys; from services.notifier.wording.bounded import confine; from services.notifier.wording.language import sandbox\n"
        "from jinja2 import Environment\n"
        "confine(); print(len(Environment().from_string(sys.argv[1]).render()))"
    )
    for bomb in ("{{ 'a' * 10**10 }}", "{{ 'x'|center(10**9) }}", "{% for i in range(10**9) %}{% endfor %}"):
        started = time.perf_counter()
        ran = subprocess.run([sys.executable, "-c", script, bomb], capture_output=True, text=True, timeout=20, check=False)
        assert ran.returncode != 0
        assert ran.stdout == ""
        assert "MemoryError" in ran.stderr or ran.returncode < 0
        assert time.perf_counter() - started < 15 * SECONDS, "the second begins when the child is ready, on a machine that is busy"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_a_confined_process_writes_no_file_and_has_no_more_memory_than_its_bound(tmp_path: Path) -> None:
    script = (
        "import os, resource, signal, sys; from services.notifier.wording.bounded import confine; confine()\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[1])\n"
        "try: os.write(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), b'x')\n"
        "except OSError as error: print(error.strerror)"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path / "x")], capture_output=True, text=True, timeout=20, check=False)
    assert ran.stdout.splitlines() == [str(MEMORY), "File too large"]


def test_the_child_has_no_secret_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("FOREWARN_LINK_SECRET", SECRET)
    monkeypatch.setattr(sys, "executable", str(stand_in))
    with pytest.raises(bounded.Broken):
        checked([("opened", Form.TEXT, "Subject: x\n\nx", {})])
    seen = (tmp_path / "environment").read_text()
    assert "PYTHONPATH=" in seen
    assert SECRET not in seen
    assert "FOREWARN_" not in seen


def test_a_template_on_which_the_child_dies_is_a_mistake_and_the_others_are_checked() -> None:
    deep = "<mjml><mj-body>" + "<mj-wrapper>" * 2_300 + "</mj-wrapper>" * 2_300 + "</mj-body></mjml>"  # the compiler's stack overflows
    fine = "Subject: {{ title }}\n\nHello {{ name }}"
    found = checked([("opened", Form.TEXT, fine, {}), ("opened", Form.MJML, deep, {}), ("likely", Form.TEXT, fine, {})])
    assert [each.places for each in found] == [(), ((1, "it takes more than 1 s or 256 MB to compile and fill in"),), ()]


def test_a_child_that_cannot_start_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(bounded.Broken, match="templates cannot be checked"):
        checked([("opened", Form.TEXT, "Subject: x\n\nx", {})])


# ── what is long ─────────────────────────────────────────────────────────────────────────────


def test_what_is_filled_in_stops_at_its_limit_and_not_after_it() -> None:
    template = compiled("{{ body }}" * 5_000, TEXT_FIELDS, html=False)
    fields = {**sample_fields(empty=True), "body": "x" * 110_000}
    with pytest.raises(TooLong):
        filled(template, fields)
    once = compiled("{{ body }}", TEXT_FIELDS, html=False)
    assert len(filled(once, {**fields, "body": "x" * LARGEST})) == LARGEST
    with pytest.raises(TooLong):
        filled(once, {**fields, "body": "x" * (LARGEST + 1)})


def test_a_template_itself_is_bounded() -> None:
    assert mistakes("x" * SOURCE, TEXT_FIELDS) == []
    assert mistakes("x" * (SOURCE + 1), TEXT_FIELDS) == [(1, "a template has at most 64,000 characters")]


def test_parts_that_include_themselves_end() -> None:
    page = '<mjml><mj-body><mj-include path="_a.mjml" /></mj-body></mjml>'
    for part in ('<mj-include path="_a.mjml" />', '<mj-include path="_a.mjml" /><mj-include path="_a.mjml" />', "x" * LARGEST):
        [(line, what)] = check("opened", Form.MJML, page, {"_a.mjml": part}).places
        assert line == 1
        assert "parts are included" in what or "more than 100,000" in what


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────

HOSTILE = (
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,x">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="file:///etc/passwd">x</a>',
    '<a href="//evil.example">x</a>',
    '<a href="{{ name }}">x</a>',
    '<a href="https://{{ name }}/">x</a>',
    '<a href="{% if name %}javascript:x{% endif %}">x</a>',
    "<a href={{ article }}>x</a>",
    '<img src="javascript:x">',
    '<img src="https://evil.example/{{ name }}">',
    "<p onclick=alert(1)>x</p>",
    '<p onclick="alert(1)">x</p>',
    "<p {{ name }}>x</p>",
    '<p style="color: {{ name }}">x</p>',
    '<p style="background: url(https://evil.example)">x</p>',
    "<style>p { color: {{ name }} }</style>",
    "<style>@import 'https://evil.example'</style>",
    "<script>alert(1)</script>",
    "<scr{% if name %}ipt{% else %}x{% endif %}>alert(1)</script>",
    "<{% if name %}script>alert(1)</script>{% endif %}",
    '<{{ "script" }}>',
    '{{ "{#" }}<script>alert(1)</script>{{ "#}" }}',
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<iframe></iframe>",
    "<form></form>",
    "<svg onload=alert(1)>",
    '<base href="https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "<p>\ue0000\ue001</p>",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_page_runs_nothing_loads_nothing_strange_and_leads_to_the_web_and_to_mailboxes_only(hostile: str) -> None:
    assert check("opened", Form.HTML, hostile, {}).places
    body = f"<mjml><mj-body><mj-section><mj-column><mj-text>{hostile}</mj-text></mj-column></mj-section></mj-body></mjml>"
    assert check("opened", Form.MJML, body, {}).places


def test_what_a_page_needs_is_not_refused() -> None:
    for fine in (
        '<a href="{{ article }}">x</a>',
        '<a href="https://shop.example/t/{{ ticket }}?l={{ locale }}">x</a>',
        '<a href="mailto:{{ sender }}">x</a>',
        '<a href="#top">x</a>',
        '<img src="https://shop.example/logo.png" alt="{{ sender }}">',
        "{% if symptom == 'slow' and name != '' %}<p title='{{ name | default(\"x\") }}'>x</p>{% endif %}",
        '<!--[if mso | IE]><table style="width:600px;"><tr><td>{{ name }}<![endif]-->',
    ):
        assert check("opened", Form.HTML, fine, {}).places == (), fine


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "https://a.example/ x", 'https://a.example/"x', "", "/x"])
def test_a_field_that_is_a_link_is_left_out_when_it_leads_elsewhere(link: str) -> None:
    assert markup.link(link) == ""
    assert markup.link("https://shop.example/a?b=c&d=é") != ""


def test_every_field_is_escaped_in_html_but_for_what_is_html_already() -> None:
    page = compiled("\n".join(f'<p title="{{{{ {name} }}}}">{{{{ {name} }}}}</p>' for name in sorted(PAGE_FIELDS)), PAGE_FIELDS, html=True)
    said = filled(page, dict.fromkeys(PAGE_FIELDS, "<script>\"'&"))
    assert "<script" not in said
    assert said.count("&lt;script&gt;&#34;&#39;&amp;") == 2 * len(PAGE_FIELDS)
    assert filled(page, dict.fromkeys(PAGE_FIELDS, Markup("<br>"))).count("<br>") == 2 * len(PAGE_FIELDS)


def test_text_becomes_paragraphs_with_links_to_the_web_only() -> None:
    said = markup.paragraphs('a <b>\n\nsee https://shop.example/?a=1&b="x" or javascript:alert(1).')
    assert said == (
        '<p>a &lt;b&gt;</p>\n<p>see <a href="https://shop.example/?a=1&amp;b=">https://shop.example/?a=1&amp;b=</a>'
        "&#34;x&#34; or javascript:alert(1).</p>"
    )
