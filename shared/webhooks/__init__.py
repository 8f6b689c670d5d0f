"""Webhooks that Forewarn calls: how they are signed, which addresses may be connected to, and one bounded call."""
