"""The words that customers read: the model of `notifications.yml`, and how its texts are filled in. Pure."""
