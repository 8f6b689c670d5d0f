"""The pages, one folder each; a new one is a folder and a line here."""

from services.console.pages import customer, drafts, now, people, queue, sign_in, ticket
from services.console.pages.page import Page

PAGES: tuple[Page, ...] = (now.PAGE, queue.PAGE, ticket.PAGE, customer.PAGE, drafts.PAGE, people.PAGE, sign_in.PAGE)
