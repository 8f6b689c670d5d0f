"""The words that a customer is told in when their own endpoint is called no more. Pure."""

from urllib.parse import urlsplit

WHY = {
    "gone": "It answered 410 (Gone), which says that it is no more.",
    "failing": "It has not taken the last calls.",
}


def disabled(url: str, why: str) -> tuple[str, str]:
    """Returns subject and body. Of the URL only the host is said: its path may be a secret."""
    host = urlsplit(url).hostname or ""
    return (
        f"We no longer call your webhook at {host}",
        f"we have stopped calling the webhook at {host} that you registered with us. {WHY[why]}\n\n"
        "What we have to tell you reaches you in another way until then. When the endpoint works again, please tell us:"
        " we switch it on, and send again what it has missed.",
    )
