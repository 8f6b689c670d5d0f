"""The words that customers read: texts of `notifications.yml` and templates by event, channel and locale; how they are filled in."""
