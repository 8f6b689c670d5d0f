"""An operator's day by docs/operations.md alone, on stacks of its own."""
