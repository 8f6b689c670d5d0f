"""The promises made to customers who write in: what they are, and how each is kept or missed. Pure."""
