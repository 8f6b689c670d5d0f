"""The state machine of an incident. Pure."""
