"""What is done to the running stack, by what is harmed: each an async context in which the thing is away."""
