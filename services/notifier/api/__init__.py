"""Agents and operators call notifier's REST API here."""

from services.notifier.api import contacts, customers, endpoints, notifications

ROUTERS = (notifications.router, customers.router, contacts.router, endpoints.router)
