"""`forewarn check-mail` looks whether the DNS of a domain has what mailbox providers want of a sender."""
