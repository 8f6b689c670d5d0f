"""The table that says how often somebody has asked for the rules to be read anew."""

from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_suffix(".sql"))
