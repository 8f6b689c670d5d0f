"""Records, headers, requests, names and files that nobody means well with: generated from a seed, against the stack that runs."""
