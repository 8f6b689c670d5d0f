"""What people and the product itself do about consent: each act changes rows under their lock, and notes who did it and why."""
