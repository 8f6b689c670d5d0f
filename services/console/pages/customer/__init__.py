"""A customer: who they are, whether they can be reached, and everything that happened to them."""

from services.console.pages.customer.page import router
from services.console.pages.page import Page

PAGE = Page(router)
