"""Agents and operators call notifier's REST API here."""

from services.notifier.api import contacts, corrections, customers, notifications, switches

ROUTERS = (notifications.router, customers.router, contacts.router, switches.router, corrections.router)
