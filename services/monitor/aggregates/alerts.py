"""Defines the product event that says of another system's alert that it fires, or that it has ended. Pure."""

ALERT_REPORTED = "forewarn.alert.reported.v1"
