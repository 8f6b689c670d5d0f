"""The record of each rule: whom it told, and what came of it."""

from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_suffix(".sql"))
