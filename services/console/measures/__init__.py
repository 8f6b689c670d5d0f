"""What the loop achieved, in figures: pure functions of the read model's rows; docs/measures.md defines each."""
