"""Who is signed in, and how they came in: people, their roles, sessions, links, passwords and identity providers."""
