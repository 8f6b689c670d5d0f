"""A customer has many names: which events and facts say so, and whose a name is. Pure."""
