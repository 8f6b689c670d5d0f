"""Agents and operators call notifier's REST API here."""

from services.notifier.api import bounces, channels, contacts, customers, notifications

ROUTERS = (notifications.router, customers.router, contacts.router, bounces.router, channels.router)
