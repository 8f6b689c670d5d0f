"""What leaves for Kafka: rows of the outbox, forwarded records, and what the broker does not take."""
