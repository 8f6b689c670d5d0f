"""Somebody called: what agents and operators ask of notifier over REST."""

from services.notifier.api import contacts, customers, notifications

ROUTERS = (notifications.router, customers.router, contacts.router)
