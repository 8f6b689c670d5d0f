"""Customers reach these pages themselves, by the links in our mails; providers say here what became of them."""
