"""Brings records to Kafka: rows of the outbox, forwarded records, and what the broker does not take."""
