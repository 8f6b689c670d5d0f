"""What rules.yml may say. Pure."""
