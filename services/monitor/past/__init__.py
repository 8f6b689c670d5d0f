"""The past that rules are tried on: it is read from Kafka, walked through by `backtest.py`, and what was found is told as one object."""
