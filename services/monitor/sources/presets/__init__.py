"""Formats whose records are known: how each is read, and what identity, time and events it has without being told. Pure; a file each."""
