"""Agents and operators call notifier's REST API here."""

from services.notifier.api import bounces, channels, contacts, corrections, customers, endpoints, notifications, switches

ROUTERS = (
    *(notifications.router, customers.router, contacts.router, endpoints.router, bounces.router, channels.router),
    *(switches.router, corrections.router),
)
