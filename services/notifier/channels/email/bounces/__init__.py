"""What comes back of mails: bounces and complaints are read, matched to their notification, and acted on."""
