"""An operator's day is played by docs/operations.md alone, on stacks of its own."""
