"""What customers reach themselves: the pages behind the links in our mails."""
