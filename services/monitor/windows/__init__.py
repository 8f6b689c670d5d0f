"""The sliding windows that incidents are judged by, and how far they are complete. Pure."""
