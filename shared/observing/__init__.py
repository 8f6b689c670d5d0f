"""Reports on the process itself: its log, its figures, and how late its event loop is."""
