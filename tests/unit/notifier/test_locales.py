"""A customer reads words, moments and numbers in the locale that the directory has for them, or in the next best."""

from datetime import UTC, datetime

import pytest

from services.notifier.wording.locales import Moment, chain, is_locale, number, time_of_day

AT = datetime(2026, 11, 24, 12, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "default", "best_first"),
    [
        ("de", "en", ("de", "en")),
        ("de-AT", "en", ("de-AT", "de", "en")),
        ("de_at", "en", ("de-AT", "de", "en")),
        ("DE-at", "en-GB", ("de-AT", "de", "en-GB", "en")),
        ("zh-Hant-TW", "en", ("zh-Hant-TW", "zh", "en")),
        ("en-US", "en", ("en-US", "en")),
        ("fr", "de", ("fr", "de")),
        ("", "de", ("en", "de")),
        ("klingon", "de", ("en", "de")),
        ("../../etc/passwd", "de", ("en", "de")),
        ("\0", "de", ("en", "de")),
        ("x" * 10_000, "de", ("en", "de")),
    ],
)
def test_the_own_locale_comes_first_then_its_language_then_the_default(locale: str, default: str, best_first: tuple[str, ...]) -> None:
    assert chain(locale, default) == best_first


def test_a_folder_is_called_as_bcp_47_has_it() -> None:
    assert all(map(is_locale, ("de", "de-AT", "zh-Hant-TW", "pt-BR")))
    assert not any(map(is_locale, ("de_AT", "DE", "deutsch", "dd", "", ".", "..", "de/AT")))


@pytest.mark.parametrize(
    ("locale", "zone", "said"),
    [
        ("en", "Europe/Berlin", "12:59 UTC".replace("12", "13").replace("UTC", "CET")),
        ("de", "Europe/Berlin", "13:59 MEZ"),
        ("de-AT", "America/New_York", "07:59 EST"),
        ("en-US", "America/New_York", "7:59\u202fAM EST"),
        ("fr", "Europe/Paris", "13:59 CET"),
        ("fr", "Asia/Kolkata", "18:29 IST"),
        ("de", "America/Sao_Paulo", "09:59 GMT-03:00"),
        ("de", "Mars/Olympus", "12:59 UTC"),
    ],
)
def test_a_time_of_day_is_said_with_a_zone_that_people_know(locale: str, zone: str, said: str) -> None:
    assert time_of_day(AT, zone, locale) == said
    assert str(Moment(AT, zone, locale)) == said


def test_moments_and_numbers_are_written_as_the_locale_does() -> None:
    moment = Moment(AT, "Europe/Berlin", "de")
    assert (moment.date(), moment.date("full"), moment.time()) == ("24. November 2026", "Dienstag, 24. November 2026", "13:59")
    assert Moment(AT, "Europe/Berlin", "en-GB").datetime("medium") == "24 Nov 2026, 13:59:00"
    assert (number(12_345, "de"), number(12_345, "en"), number(12_345, "nowhere")) == ("12.345", "12,345", "12,345")


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_the_ends_of_time_can_be_said_in_every_locale(at: datetime, zone: str) -> None:
    for locale in ("de", "en", "ja", "fa", "th"):
        moment = Moment(at, zone, locale)
        assert all((str(moment), moment.date(), moment.datetime("full")))
