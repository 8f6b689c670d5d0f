"""Dead letters: reads what was put aside on `<topic>.dlq`, finds what waits, and sends it back to its topic once. Shows nothing."""
