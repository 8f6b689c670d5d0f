"""Holds what two services import, and nothing else: contracts, the three mechanisms, and the edges of a process."""
