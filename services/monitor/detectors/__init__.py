"""Detectors: pure judgements of one window, each a value with its reason."""
