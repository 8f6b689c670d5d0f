"""What becomes of an incident. Pure."""
