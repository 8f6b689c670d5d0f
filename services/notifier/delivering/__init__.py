"""What is due is brought, a hundred at a time: decided about, handed to a channel, settled. `timers.py` joins the three."""
