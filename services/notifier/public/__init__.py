"""Customers reach these pages themselves, by the links in our mails."""
