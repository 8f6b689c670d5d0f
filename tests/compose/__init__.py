"""What a compose stack that runs must survive: `python -m tests.compose`."""
