"""What is new of an incident, and what there is to say of maintenance, as fields of words; and what a message said of it. Pure."""

from typing import Any

from services.notifier.channels.outcome import Rendered
from services.notifier.incident import SEVERITY, Incident, PublicWords
from services.notifier.maintenance import Period, PeriodStatus
from services.notifier.notification import Kind
from services.notifier.situation import Situation
from services.notifier.wording import markup
from services.notifier.wording.locales import Moment
from services.notifier.wording.texts import Texts
from shared.catalog import Catalog

MOMENTS = ("estimate", "next_update", "starts_at", "ends_at")


def news_fields(situation: Situation, locale: str) -> dict[str, Any]:
    """Returns the fields that a template may name."""
    public, period = _public(situation), situation.period
    timezone = situation.customer.timezone if situation.customer else "UTC"
    moments = {
        "estimate": public.estimate if public else None,
        "next_update": public.next_update if public else None,
        "starts_at": period.starts_at if period else None,
        "ends_at": period.ends_at if period else None,
    }
    return {
        **{name: Moment(at, timezone, locale) if at else "" for name, at in moments.items()},
        "note": markup.printable(_note(public, period)),
        "workaround": markup.printable(public.workaround if public else ""),
        "worse": "worse" if _is_worse(situation) else "",
        "running": "running" if period and period.status is PeriodStatus.RUNNING else "",
    }


def said_in_texts(situation: Situation, texts: Texts) -> dict[str, str]:
    """Returns the same as a text of notifications.yml may name them; `news` is all that is new of an incident, a paragraph each."""
    given = news_fields(situation, texts.locale)
    shown = {name: _on_a_day(given[name]) if name in MOMENTS else str(given[name]) for name in (*MOMENTS, "note", "workaround")}
    named = ("worse", "workaround", "estimate", "next_update")
    rest = {name: getattr(texts, name).format_map(shown) for name in named if given[name]}
    of_incident = situation.incident is not None
    paragraphs = [rest.pop("worse", ""), shown["note"] if of_incident else "", *rest.values()]
    return shown | {"news": "\n\n".join(filter(None, paragraphs)) if of_incident else ""}


def maintained(period: Period, catalog: Catalog) -> str:
    """Returns the components of a maintenance as customers may read them; nothing, when it is all of them."""
    return ", ".join(catalog.told(each) for each in period.components)


def with_news(body: str, situation: Situation, news: str) -> str:
    """Returns words of trouble that has begun with what a person says of it by now, before their last paragraph, unless they say it."""
    public = _public(situation)
    if public is None or situation.notification.kind is not Kind.OPENED or _says(body, public) or not news:
        return body
    head, gap, last = body.rpartition("\n\n")
    return f"{head}\n\n{news}\n\n{last}" if gap else f"{body}\n\n{news}"


def in_their_words(situation: Situation) -> str:
    """Returns what a person says of the incident, without words of ours: for readers of another language than that of notifications.yml."""
    public = _public(situation)
    return "\n\n".join(filter(None, (public.words, public.workaround))) if public else ""


def news_said(situation: Situation, message: Rendered) -> dict[str, Any]:
    """Returns the figures of which news the customer has by this message; none when it does not say what a person says of the incident.

    That it has become worse is said by an alarm as well: it is as bad as it says.
    """
    incident, period, kind = situation.incident, situation.period, situation.notification.kind
    if period is not None:
        return {"news": period.news, "news_of": period.id, "status": period.status}
    if incident is None or incident.news is None or kind not in (Kind.OPENED, Kind.UPDATED):
        return {}
    public = _public(situation)
    if kind is Kind.OPENED and public is not None and not _says(message.words.body, public):
        return {}
    return {"news": incident.news.revision, "news_of": incident.id}


def _public(situation: Situation) -> PublicWords | None:
    incident: Incident | None = situation.incident
    return incident.public if incident is not None and situation.notification.kind in (Kind.OPENED, Kind.UPDATED) else None


def _note(public: PublicWords | None, period: Period | None) -> str:
    return public.words if public else period.text if period else ""


def _says(body: str, public: PublicWords) -> bool:
    return all(markup.printable(said) in body for said in (public.words, public.workaround))


def _is_worse(situation: Situation) -> bool:
    incident = situation.incident
    return situation.notification.kind is Kind.UPDATED and bool(incident and incident.news and SEVERITY in incident.news.of)


def _on_a_day(moment: Moment | str) -> str:
    return f"{moment}, {moment.date()}" if isinstance(moment, Moment) else moment
