"""What ticketing does when a message comes, one module for each topic."""
