"""These queries find everything in the tables that is about one customer; `personal.py` says what each is called."""

from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_suffix(".sql"))
