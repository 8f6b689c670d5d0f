"""monitor: finds incidents in what a product's own systems say, and the customers each one touches."""
