"""What is done to incidents and maintenance: each act is one transaction, which changes the row under its lock and says the fact."""
