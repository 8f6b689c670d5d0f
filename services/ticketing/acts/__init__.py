"""Acts are what may happen to a ticket: each takes values and `now`, and returns the change it makes or why it is refused. Pure."""
