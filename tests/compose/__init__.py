"""A running compose stack must survive these hardships: `python -m tests.compose`."""
