"""One incident: evidence, the time line of all services, who was told and who was not, and how a person ends it."""

from services.console.pages.incident.page import router
from services.console.pages.page import Page

PAGE = Page(router)
