"""The REST interface of the console."""
