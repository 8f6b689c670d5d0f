"""HTTP as every service speaks it: from the bytes on a connection to a request that may be answered, each step with its bounds."""
