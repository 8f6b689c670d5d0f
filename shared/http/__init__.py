"""Handles HTTP for every service: from the bytes on a connection to a request that may be answered, each step with its bounds."""
