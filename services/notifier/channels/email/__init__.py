"""Mail through one SMTP server. `mail.py` and `headers.py` are pure."""
