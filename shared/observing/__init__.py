"""What a process says of itself: its log, its figures, and how late its event loop is."""
