"""What other systems tell by webhooks becomes product events: whose secret signs a request, and what its body means. Pure."""
