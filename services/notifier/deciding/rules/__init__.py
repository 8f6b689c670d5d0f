"""Rules against telling a customer now, one file a group; `order.py` says in which order they are asked. Pure."""
