"""Speaks OpenID Connect with the identity provider: authorization code flow with PKCE (RFC 7636), and a state and nonce for each attempt.

Whatever the provider says or does not say, the outcome is a person's claims or words for the person who waits.
"""

import logging
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.console.settings import ConsoleSettings
from services.console.store.sessions import Attempt

log = logging.getLogger(__name__)

TIMEOUT = 10.0  # seconds for each question to the provider
LEEWAY = 60  # seconds that its clock may differ from ours
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]  # public keys alone
UNREACHABLE = "The identity provider does not answer as it should. Try again in a moment, or sign in another way."
UNTRUE = "What the identity provider said does not hold: begin anew. If that happens again, its settings or its clock are wrong."
OLD = "This attempt to sign in is over, or was begun in another browser: begin anew."
TROUBLE = (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)

Claims = Mapping[str, Any]


class Provider:
    """Is the identity provider of the settings."""

    def __init__(self, settings: ConsoleSettings, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._settings, self._transport = settings, transport
        self._redirect = f"{settings.console_url.rstrip('/')}/sign-in/callback"

    async def begin(self, page: str) -> tuple[str, Attempt] | str:
        """Returns the provider's address to go to, and what its answer must fit; or words."""
        attempt = Attempt(token_urlsafe(32), token_urlsafe(32), token_urlsafe(48), page)
        try:
            async with self._client() as client:
                found = await self._metadata(client)
                url, _ = client.create_authorization_url(
                    found["authorization_endpoint"], attempt.state, attempt.verifier, nonce=attempt.nonce
                )
        except TROUBLE as error:
            return _said(UNREACHABLE, error)
        return str(url), attempt

    async def finish(self, attempt: Attempt | None, answer: Mapping[str, str]) -> Claims | str:
        """Returns the claims of who came back, all checked; or words."""
        if attempt is None or answer.get("state") != attempt.state:
            return OLD
        if "iss" in answer and answer["iss"] != self._settings.oidc_issuer:  # RFC 9207
            return _said(UNTRUE, "it is not this provider that answered")
        if "error" in answer or "code" not in answer:
            log.info("the identity provider refused: %r", answer.get("error", "")[:100])
            denied = answer.get("error") == "access_denied"
            return "You were not let in: you or the identity provider said no." if denied else UNREACHABLE
        return await self._claims(attempt, answer["code"])

    async def _claims(self, attempt: Attempt, code: str) -> Claims | str:
        try:
            async with self._client() as client:
                found = await self._metadata(client)
                token = await client.fetch_token(found["token_endpoint"], code=code, code_verifier=attempt.verifier)
                keys = await _json(client, found["jwks_uri"])
                claims = self._checked(token["id_token"], keys, attempt.nonce, token["access_token"])
                return claims if self._settings.oidc_groups in claims else await _more(client, found, claims)
        except JoseError as error:
            return _said(UNTRUE, error)
        except TROUBLE as error:
            return _said(UNREACHABLE, error)

    def _client(self) -> AsyncOAuth2Client:
        settings = self._settings
        secret = settings.oidc_client_secret.get_secret_value()
        return AsyncOAuth2Client(
            settings.oidc_client_id,
            secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=settings.oidc_scopes,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            timeout=TIMEOUT,
            transport=self._transport,
        )

    async def _metadata(self, client: AsyncOAuth2Client) -> Mapping[str, Any]:
        """Returns the discovery document, which must be of the issuer that was asked (OpenID Connect Discovery, section 4.3)."""
        issuer = self._settings.oidc_issuer
        found = await _json(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ValueError("the discovery document is of another issuer")
        return found

    def _checked(self, id_token: str, keys: Mapping[str, Any], nonce: str, access_token: str) -> dict[str, Any]:
        """Returns the claims of an ID token of this issuer, for us, for this attempt, and not over. Raises JoseError."""
        settings = self._settings
        token = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        claims = CodeIDToken(
            token.claims,
            token.header,
            {"iss": {"essential": True, "value": settings.oidc_issuer}, "aud": {"essential": True, "value": settings.oidc_client_id}},
            {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY)
        return dict(claims)


async def _json(client: AsyncOAuth2Client, url: str) -> dict[str, Any]:
    answer = await client.request("GET", url, withhold_token=True)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


async def _more(client: AsyncOAuth2Client, found: Mapping[str, Any], claims: dict[str, Any]) -> Claims:
    """Returns the claims with those that only the UserInfo endpoint tells: some list groups there."""
    if "userinfo_endpoint" not in found:
        return claims
    answer = await client.get(found["userinfo_endpoint"])
    answer.raise_for_status()
    said = answer.json()
    return {**said, **claims} if said.get("sub") == claims["sub"] else claims


def _said(words: str, why: object) -> str:
    log.warning("the identity provider: %s: %.200s", type(why).__name__, why)
    return words
