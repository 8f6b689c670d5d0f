"""Everything that explains what one customer was told of one incident."""

from pathlib import Path

from shared.postgres import Queries

queries = Queries(Path(__file__).with_suffix(".sql"))
