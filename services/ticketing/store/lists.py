"""The queries of lists and single things that REST shows; `api/pages.py` turns their rows into pages. Long texts are cut in SQL."""

from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_name("lists.sql"))
