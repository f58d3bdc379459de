"""What identifies a relying service to the provider, and the secret that signs its own cookies.

They come from one JSON file (mode 0600), or from `RP_ISSUER`, `RP_CLIENT_ID`, `RP_CLIENT_SECRET`, `RP_BASE`
and `RP_SESSION_SECRET` where no file is given.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

SECRET_BYTES = 32
"""256 bits for the session secret."""

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class StartError(Exception):
    """The service cannot start with what it was given. The message is one clear line for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A registered client's identity. Secrets are kept out of its printed form."""

    issuer: str
    client_id: str
    base: str
    client_secret: str = field(default="", repr=False)
    private_key: ECKey | None = field(default=None, repr=False)
    session_secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse addresses that are not origins, and http beyond this machine."""
        for name, address in (("issuer", self.issuer), ("base", self.base)):
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
                raise StartError(f"{name} must be an http(s) address without path, not {address!r}")
            if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
                raise StartError(f"{name} must be https outside this machine")

    @property
    def secure(self) -> bool:
        """Whether the service itself is reached over https."""
        return self.base.startswith("https://")

    @property
    def redirect_uri(self) -> str:
        """Where the provider answers; exactly as registered."""
        return f"{self.base}/callback"


def read_credentials(path: Path, random_bytes: Callable[[int], bytes]) -> Credentials:
    """The credentials in the JSON file `path`. Makes the session secret beside it at the first start."""
    given = _read_json(path, "credentials")
    return _credentials(given, path, lambda: _session_secret(path.with_suffix(".session-secret"), random_bytes))


def environment_credentials(environ: Mapping[str, str]) -> Credentials:
    """The credentials in `RP_*` variables, for a service without a disk of its own."""
    given = {key.removeprefix("RP_").lower(): value for key, value in environ.items() if key.startswith("RP_")}
    secret = given.get("session_secret", "").encode()
    if len(secret) < SECRET_BYTES:
        raise StartError(f"RP_SESSION_SECRET needs at least {SECRET_BYTES} characters")
    return _credentials(given, None, lambda: secret)


def _credentials(given: Mapping[str, Any], path: Path | None, session_secret: Callable[[], bytes]) -> Credentials:
    missing = [name for name in ("issuer", "client_id", "base") if not given.get(name)]
    if missing:
        raise StartError(f"credentials lack {missing[0]!r}")
    return Credentials(
        issuer=str(given["issuer"]),
        client_id=str(given["client_id"]),
        base=str(given["base"]).rstrip("/"),
        client_secret=str(given.get("client_secret") or ""),
        private_key=_private_key(given, path),
        session_secret=session_secret(),
    )


def _private_key(given: Mapping[str, Any], path: Path | None) -> ECKey | None:
    """The key in the credentials, or the one that `--make-key` left beside them."""
    jwk = given.get("private_jwk")
    if not jwk and path is not None and path.with_suffix(".key.json").exists():
        jwk = _read_json(path.with_suffix(".key.json"), "private key")
    if not jwk:
        return None
    try:
        key = ECKey.import_key(json.loads(jwk) if isinstance(jwk, str) else jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        raise StartError("the private key is not an EC key in JWK form") from None
    if not key.is_private:
        raise StartError("the private key holds only its public half")
    return key


def _read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StartError(f"cannot read the {what} {path}: {error.strerror}") from error
    except ValueError:
        raise StartError(f"the {what} {path} is not JSON") from None
    if not isinstance(found, dict):
        raise StartError(f"the {what} {path} is not a JSON object")
    return found


def _session_secret(path: Path, random_bytes: Callable[[int], bytes]) -> bytes:
    """The secret kept in `path`, made now when there is none; readable by its owner alone."""
    if not path.exists():
        write_private(path, random_bytes(SECRET_BYTES))
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise StartError(f"the session secret {path} is too short; delete it to make a new one")
    return secret


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that nobody else can read, not even for the moment before a chmod."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
