"""The provider as a relying service sees it: discovery, the authorization request, tokens, userinfo, logout.

Authlib's Flask client makes the requests. Discovery is fetched at the first need and not before, so a service
starts while the provider is down; every failure to reach it becomes one refusal that a person can read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests.exceptions import RequestException

from clients.relying_party.client_assertion import client_assertion, client_authentication
from clients.relying_party.credentials import LOOPBACK_HOSTS, Credentials
from clients.relying_party.id_token import Claims, Expected, UnknownKeyError, check_id_token
from clients.relying_party.logout_token import Ended, check_logout_token
from clients.relying_party.refusals import SignInRefusedError
from clients.relying_party.service import Service

TIMEOUT_SECONDS = 5


@contextmanager
def _answering(step: str) -> Iterator[None]:
    """Turn whatever the network or the provider does wrong during `step` into a refusal."""
    try:
        yield
    except RequestException as error:
        raise SignInRefusedError("unavailable", f"{step}: {type(error).__name__}") from error
    except OAuthError as error:
        raise SignInRefusedError("unverified", f"{step}: {str(error.error)[:64]!r}") from error
    except RuntimeError as error:  # Authlib's word for an endpoint that the discovery document lacks.
        raise SignInRefusedError("misconfigured", f"{step}: no such endpoint") from error
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignInRefusedError("unverified", f"{step}: not as specified") from error


class Provider:
    """One provider for one registered service."""

    def __init__(
        self,
        app: Flask,
        service: Service,
        credentials: Credentials,
        *,
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._service = service
        self._credentials = credentials
        self._clock = clock
        self._random_bytes = random_bytes
        self._client: Any = OAuth(app).register(
            service.slug,
            client_id=credentials.client_id,
            client_secret=credentials.client_secret or None,
            server_metadata_url=f"{credentials.issuer}/.well-known/openid-configuration",
            client_auth_methods=[("private_key_jwt", client_authentication(self._assertion))],
            client_kwargs={
                "scope": service.scope,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": service.token_endpoint_auth_method,
                "default_timeout": TIMEOUT_SECONDS,
                # A proxy of the environment has no way to this machine's own loopback.
                "trust_env": urlsplit(credentials.issuer).hostname not in LOOPBACK_HOSTS,
            },
        )

    def metadata(self) -> dict[str, Any]:
        """The provider's own description, which must name our issuer (OpenID Connect Discovery 1.0 §4.3)."""
        with _answering("discovery"):
            found: dict[str, Any] = self._client.load_server_metadata()
        if found.get("issuer") != self._credentials.issuer:
            found.pop("_loaded_at", None)  # Authlib keeps what it loaded; a wrong description is asked for again.
            raise SignInRefusedError("misconfigured", "issuer of the discovery document")
        return found

    def authorization_request(self, **parameters: Any) -> dict[str, str]:
        """A new request: its `url`, and `state`, `nonce` and `code_verifier` to remember (RFC 7636 §4.1)."""
        self.metadata()
        given = {name: value for name, value in parameters.items() if value != ""}
        with _answering("authorization"):
            request: dict[str, str] = self._client.create_authorization_url(self._credentials.redirect_uri, **given)
        return request

    def redeem(self, code: str, code_verifier: str) -> dict[str, Any]:
        """The token response for `code` (RFC 6749 §4.1.3). Follows no redirect: it would carry the secret."""
        self.metadata()
        with _answering("token"):
            tokens: dict[str, Any] = self._client.fetch_access_token(
                redirect_uri=self._credentials.redirect_uri,
                code=code,
                code_verifier=code_verifier,
                grant_type="authorization_code",
                allow_redirects=False,
            )
        if not isinstance(tokens.get("access_token"), str) or str(tokens.get("token_type")).lower() != "bearer":
            raise SignInRefusedError("unverified", "token: no bearer access token")
        return tokens

    def check_id_token(self, raw: object, expected: Expected) -> Claims:
        """The claims of `raw` by the published keys, which are fetched once more when its key is new."""
        now = int(self._clock())
        try:
            return check_id_token(raw, self._keys(), expected, now=now)
        except UnknownKeyError:
            return check_id_token(raw, self._keys(afresh=True), expected, now=now)

    def check_logout_token(self, raw: object) -> Ended:
        """What a logout token ends, by the published keys, which are fetched once more when its key is new."""
        try:
            return self._ended(raw, self._keys())
        except UnknownKeyError:
            return self._ended(raw, self._keys(afresh=True))

    def _ended(self, raw: object, keys: KeySet) -> Ended:
        return check_logout_token(
            raw,
            keys,
            issuer=self._credentials.issuer,
            client_id=self._credentials.client_id,
            algorithm=self._service.id_token_algorithm,
            now=int(self._clock()),
        )

    def userinfo(self, tokens: dict[str, Any], subject: str) -> dict[str, Any]:
        """Claims about `subject`; an answer about anybody else is refused (OpenID Connect Core §5.3.2)."""
        endpoint = self.metadata().get("userinfo_endpoint")
        with _answering("userinfo"):
            answer = self._client.get(endpoint, token=tokens, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise SignInRefusedError("unverified", "userinfo: another subject")
        return found

    def logout_request(self, id_token: str, language: str) -> dict[str, str]:
        """Where to send a person who signs out, and the `state` to remember (RP-Initiated Logout 1.0 §2)."""
        self.metadata()
        with _answering("logout"):
            request: dict[str, str] = self._client.create_logout_url(
                post_logout_redirect_uri=f"{self._credentials.base}/signed-out",
                id_token_hint=id_token,
                client_id=self._credentials.client_id,
                ui_locales=language,
            )
        return request

    def _keys(self, *, afresh: bool = False) -> KeySet:
        with _answering("keys"):
            return KeySet.import_key_set(self._client.fetch_jwk_set(force=afresh))

    def _assertion(self) -> str:
        key = self._credentials.private_key
        if key is None:
            raise SignInRefusedError("misconfigured", "private_key_jwt without a private key")
        return client_assertion(
            self._credentials.client_id,
            self._credentials.issuer,
            key,
            now=int(self._clock()),
            random_bytes=self._random_bytes,
        )
