"""Hostile records, headers, requests, names and files are generated from a seed and sent to the stack that runs."""
