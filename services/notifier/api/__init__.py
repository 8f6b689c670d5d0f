"""Agents and operators call notifier's REST API here."""

from services.notifier.api import bounces, contacts, corrections, customers, endpoints, notifications, suppressions, switches

ROUTERS = (
    *(notifications.router, customers.router, contacts.router, endpoints.router, bounces.router, suppressions.router),
    *(switches.router, corrections.router),
)
