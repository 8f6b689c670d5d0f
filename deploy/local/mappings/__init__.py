"""Makes rows of a file into events: the mapping files shipped here, how files are read, and how a row is turned. Sends nothing."""
