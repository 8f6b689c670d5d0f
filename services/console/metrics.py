"""The metrics of the console, beside those that every service has."""
