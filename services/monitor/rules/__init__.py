"""The rules that rules.yml may hold. Pure."""
