"""`forewarn backtest`: what rules would have done with the events of a file or of a topic. Writes nothing to Kafka or a database."""
