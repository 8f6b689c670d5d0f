"""Logs of OpenTelemetry become events of ours: how a request is read, and what sources.yml says of its records. Pure."""
