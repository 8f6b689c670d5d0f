"""Every word a customer reads: what `notifications.yml` may say, and how it is filled in. Pure."""
