"""The ways to a customer. A channel brings one message and says what came of it; when to try again is not its business."""
