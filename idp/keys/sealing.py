"""Sealing data at rest and in transit through a page: AES-256-GCM (NIST SP 800-38D), keys by purpose.

A sealed value is `version ‖ nonce (12) ‖ ciphertext and tag`. Its context (table, column and row, or the
browser it is bound to) is authenticated with it, so that a value copied elsewhere does not open.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.keys.secrets import MasterSecrets, Purpose

NONCE_BYTES = 12


class CannotOpen(Exception):
    """A sealed value was changed, belongs to another context, or its key is gone."""


class Sealer:
    """Seals and opens for one purpose."""

    def __init__(self, secrets: MasterSecrets, purpose: Purpose, random_bytes: Callable[[int], bytes]) -> None:
        """Ciphers are made once: building one costs more than using it."""
        self._secrets = secrets
        self._purpose = purpose
        self._random_bytes = random_bytes
        self._ciphers: dict[int, AESGCM] = {}

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`plain` under the newest version, bound to `context`."""
        version = self._secrets.newest
        nonce = self._random_bytes(NONCE_BYTES)
        return bytes([version]) + nonce + self._cipher(version).encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed in this context. Raises CannotOpen."""
        if len(sealed) < 1 + NONCE_BYTES + 16:
            raise CannotOpen("too short")
        try:
            cipher = self._cipher(sealed[0])
            return cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], context)
        except KeyError:
            raise CannotOpen("sealed with a secret that this installation does not have") from None
        except InvalidTag:
            raise CannotOpen("changed, or sealed in another context") from None

    def _cipher(self, version: int) -> AESGCM:
        cipher = self._ciphers.get(version)
        if cipher is None:
            cipher = self._ciphers[version] = AESGCM(self._secrets.key(self._purpose, version))
        return cipher


def row_context(table: str, column: str, row: object) -> bytes:
    """The context of a sealed column: a value moved to another table, column or row does not open."""
    return f"{table}.{column}:{row}".encode()
