"""What is due is brought, many at a time: decided about, handed to a channel, settled. `timers.py` joins the three."""
