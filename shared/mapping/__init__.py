"""The language of mappings: what a row of a file, or a record of another system's topic, becomes. Pure: callers do the reading."""
