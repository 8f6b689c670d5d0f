"""The words of automatic answers and the subjects of replies. Pure."""
