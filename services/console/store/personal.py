"""These queries find everything in the read model that is about one customer; `personal.py` of the service says what each is called."""

from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_suffix(".sql"))
