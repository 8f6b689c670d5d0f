"""Serves endpoints that every service has: about its streams, its due work, and what it holds of a customer."""
