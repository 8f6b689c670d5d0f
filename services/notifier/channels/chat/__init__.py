"""Chat: messages to a channel of Slack, Microsoft Teams or Discord, by the address (incoming webhook) that its owner made for it."""
