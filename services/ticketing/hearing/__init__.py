"""Ticketing handles the messages that it reads, one module for each topic."""
