"""Each function here harms one part of the running stack: it is an async context that lasts while the thing is away."""
