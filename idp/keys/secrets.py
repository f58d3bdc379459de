"""The master secrets of an installation, and one derived key per purpose and version.

The file holds one `<version>:<base64url of 32 bytes>` a line. The highest version seals; every version opens,
so a secret can be replaced without a day on which old rows cannot be read. HKDF: RFC 5869.
"""

import stat
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES = 32


class SecretsError(Exception):
    """The secrets file cannot be used. The message is one clear line for the operator."""


class Purpose(Enum):
    """What a derived key is for. A key never serves two purposes."""

    RECORD = "record"  # personal data at rest
    PHONE_NUMBER = "phone-number"
    OUTBOX = "outbox"
    SIGNING_KEY = "signing-key"
    PAGE = "page"  # authorization requests that travel through a page
    LOOK_UP = "look-up"  # fingerprints that rows are found by
    PHONE_CODE = "phone-code"
    AUTHENTICATOR_APP = "authenticator-app"  # what an authenticator app shares with us
    PRINTED_CODE = "printed-code"
    SEND_COUNT = "send-count"  # what counters of messages are found by
    USER_CODE = "user-code"  # what a person types for another device
    FORM = "form"  # CSRF tokens
    SUBJECT = "subject"  # pairwise `sub`
    PROOF_NONCE = "proof-nonce"  # nonces of DPoP proofs
    STOP_LINK = "stop-link"  # links with which a person stops their mobile ID
    ADDRESS_LINK = "address-link"  # links with which a person confirms their e-mail address
    SESSION_ID = "session-id"  # `sid` as one client sees it


class MasterSecrets:
    """The versions of the master secret; derives, never reveals."""

    def __init__(self, versions: Mapping[int, bytes]) -> None:
        """From version number to at least 32 random bytes. Raises SecretsError when empty or short."""
        if not versions:
            raise SecretsError("the secrets file holds no secret")
        if any(len(secret) < SECRET_BYTES for secret in versions.values()):
            raise SecretsError(f"a master secret must have at least {SECRET_BYTES} bytes")
        if any(len(set(secret)) < SECRET_BYTES // 4 for secret in versions.values()):
            raise SecretsError("a master secret is not random; make one with `idp secrets new`")
        if not all(1 <= version <= 255 for version in versions):
            raise SecretsError("versions of master secrets run from 1 to 255")
        self._versions = dict(versions)
        self._derived: dict[tuple[Purpose, int], bytes] = {}

    @cached_property
    def newest(self) -> int:
        """The version that seals."""
        return max(self._versions)

    @cached_property
    def oldest(self) -> int:
        """The version that what must never change is derived from: the pairwise subject and look-ups."""
        return min(self._versions)

    def key(self, purpose: Purpose, version: int) -> bytes:
        """The 32-byte key of one purpose and version. Raises KeyError for an unknown version."""
        known = self._derived.get((purpose, version))
        if known is None:
            info = f"overseas-id/{purpose.value}/{version}".encode()
            known = HKDF(SHA256(), 32, salt=None, info=info).derive(self._versions[version])
            self._derived[purpose, version] = known
        return known


def read_secrets(path: Path, *, strict: bool) -> MasterSecrets:
    """Master secrets from a file. `strict` (production) refuses one that others may read."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("ascii")
    except OSError as error:
        raise SecretsError(f"cannot read the secrets file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SecretsError(f"the secrets file {path} is damaged") from error
    if strict and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretsError(f"the secrets file {path} may be read by others; chmod 600 it")
    return parse_secrets(text)


def parse_secrets(text: str) -> MasterSecrets:
    """Master secrets from the text of a secrets file. Raises SecretsError for a damaged line."""
    versions: dict[int, bytes] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        number, _, encoded = line.partition(":")
        try:
            padded = encoded + "=" * (-len(encoded) % 4)
            # Strictly: a decoder that skips what it does not know would open with another secret than was meant.
            version, secret = int(number), b64decode(padded, altchars=b"-_", validate=True)
        except ValueError:
            raise SecretsError("a line of the secrets file is not `version:base64url`") from None
        if version in versions:
            raise SecretsError(f"version {version} stands twice in the secrets file")
        versions[version] = secret
    return MasterSecrets(versions)


def new_secret_line(version: int, random_bytes: Callable[[int], bytes]) -> str:
    """A fresh line for the secrets file."""
    return f"{version}:{urlsafe_b64encode(random_bytes(SECRET_BYTES)).rstrip(b'=').decode()}\n"
