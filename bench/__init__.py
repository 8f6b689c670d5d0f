"""Benchmarks, outside the test run: ratios against a peer in the same run, on real Kafka and Postgres in containers."""
