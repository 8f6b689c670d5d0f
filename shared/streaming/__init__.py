"""Holds the parts of a stream: reading records, putting some aside as dead letters, and keeping offsets."""
