"""Connects to Kafka: one place makes every client, with TLS, log-in and the prefix of names."""
