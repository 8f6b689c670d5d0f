"""The pages, one folder each; a new one is a folder and a line here."""

from services.console.pages import affected, drafts, incident, incidents, now, ticket, why
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (now.PAGE, incidents.PAGE, incident.PAGE, affected.PAGE, why.PAGE, ticket.PAGE, drafts.PAGE)
