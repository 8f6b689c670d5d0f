"""The model of the file actions.yml: the webhooks that rules may name, and where each is. Pure: others read the file and the secrets."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from services.monitor.sources.hooks.model import PlainName
from shared.configuration.files import Config


def _is_url(said: str) -> str:
    parts = urlsplit(said)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment or not said.isprintable():
        raise ValueError(f"{said!r} is no address of a webhook, such as https://billing.example.com/forewarn")
    return said


class Webhook(Config):
    """An address of one's own that is told of a risk, signed as Standard Webhooks says: https://www.standardwebhooks.com."""

    url: Annotated[str, Field(max_length=2000), AfterValidator(_is_url)] = Field(
        description="where it is posted to; a redirect is not followed", examples=["https://billing.example.com/forewarn"]
    )
    secret: PlainName = Field(
        description="the file in the folder `hooks` (or FOREWARN_HOOKS_DIR) that holds the secret, `whsec_` and base64;"
        " while it is rotated a second line, with which each call is signed, too"
    )


class ActionsFile(Config):
    """The file actions.yml: what rules on single customers may have done beyond Forewarn itself."""

    webhooks: dict[PlainName, Webhook] = Field({}, description="by the name that the action of a rule gives")
