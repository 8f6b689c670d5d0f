"""The pages, one folder each; a new one is a folder and a line here."""

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
    search,
    sign_in,
    ticket,
    why,
)
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (
    now.PAGE,
    incidents.PAGE,
    incident.PAGE,
    affected.PAGE,
    queue.PAGE,
    ticket.PAGE,
    customer.PAGE,
    why.PAGE,
    search.PAGE,
    keys.PAGE,
    health.PAGE,
    audit.PAGE,
    people.PAGE,
    sign_in.PAGE,
    drafts.PAGE,
)
