"""What a stream is made of: how records are read, which are put aside, and what has become of each offset."""
