"""Webhooks are signed as Standard Webhooks says: HMAC-SHA256 over id, timestamp and body, once for each secret that is valid. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key


def key_of(secret: str) -> bytes:
    """Returns the key that a secret of Standard Webhooks writes. Raises ValueError when it writes none."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret is {PREFIX} and the base64 of {SHORTEST} to {LONGEST} random bytes")
    return key


def secret_of(key: bytes) -> str:
    """Returns the secret that writes this key."""
    return PREFIX + b64encode(key).decode()


def signed(keys: Sequence[bytes], id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """Returns the headers of a call. The receiver knows a repetition by the id; it refuses a timestamp that is minutes away."""
    stamp = str(int(at.timestamp()))
    said = b".".join([id_.encode(), stamp.encode(), body])
    signatures = [f"v1,{b64encode(hmac.digest(key, said, 'sha256')).decode()}" for key in keys]
    given = {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}
    return {"content-type": "application/json", "user-agent": "Forewarn", **given}
