"""The pages, one folder each; a new one is a folder and a line here. Those with a title are in the navigation, in this order."""

from services.console.pages import (
    affected,
    audit,
    customer,
    drafts,
    health,
    incident,
    incidents,
    keys,
    now,
    people,
    queue,
    risks,
    rules,
    search,
    sign_in,
    sources,
    ticket,
    why,
)
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (
    now.PAGE,
    queue.PAGE,
    incidents.PAGE,
    risks.PAGE,
    incident.PAGE,
    affected.PAGE,
    ticket.PAGE,
    customer.PAGE,
    why.PAGE,
    rules.PAGE,
    sources.PAGE,
    health.PAGE,
    audit.PAGE,
    people.PAGE,
    search.PAGE,
    keys.PAGE,
    sign_in.PAGE,
    drafts.PAGE,
)
