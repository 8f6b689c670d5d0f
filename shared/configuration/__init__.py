"""Reads what operators write: files are read strictly, settings checked, and each mistake is one sentence."""
