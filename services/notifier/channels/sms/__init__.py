"""SMS: short texts to telephone numbers, through one provider: Twilio, or another whose HTTP API `notifications.yml` describes."""
