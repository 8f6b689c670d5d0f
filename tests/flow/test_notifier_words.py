"""A customer is told in the locale that the directory has for them, as text and as HTML, and in the default when there are no words."""

from email.message import EmailMessage

import pytest

from tests.flow.notifier_stage import Stage, impact, opened, resolved

pytestmark = pytest.mark.asyncio


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_each_customer_is_told_in_their_language_from_the_first_word_to_the_all_clear(on: Stage) -> None:
    await on.know("c-1", locale="de-AT", timezone="Europe/Vienna", name="Jörg")
    await on.know("c-2", locale="fr")
    await on.hear(opened(on.now), impact(on.now, "c-1", "c-2"))
    await on.hear(resolved(on.now))
    german, french = on.office.to("c-1@example.org"), on.office.to("c-2@example.org")
    assert [mail["Subject"].partition(":")[2] for mail in german] == [" Störung, wir arbeiten daran", " Checkout funktioniert wieder"]
    assert [mail["Subject"].partition(":")[0] for mail in french] == ["Checkout is failing", "All clear"]
    for mail, greeting in ((german[0], "Guten Tag Jörg,"), (german[1], "Guten Tag Jörg,"), (french[0], "Hello Ada,")):
        assert body(mail, "plain").startswith(greeting)
        assert f"<p>{greeting}</p>" in body(mail, "html").replace("&#246;", "ö")
        assert "prefers-color-scheme: dark" in body(mail, "html")
