"""What came back of messages that were sent: it is read where it arrives, and the sender's brake judges it by channel."""
