"""One customer's risk: what the moments of a customer mean, and when a risk is raised and cleared. Pure."""
