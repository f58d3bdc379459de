"""The floor under every sign-in: one ES256 signature made (ID token) and one verified (passkey)."""

import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

REPETITIONS = 500
ATTEMPTS = 5


def signature_pair_ms() -> float:
    """Processor time of one signature and one verification here and now: the best of a few attempts."""
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = ec.ECDSA(SHA256())
    signature = key.sign(b"sign-in", algorithm)
    public = key.public_key()
    return _best(lambda: key.sign(b"sign-in", algorithm)) + _best(
        lambda: public.verify(signature, b"sign-in", algorithm)
    )


def _best(work: Callable[[], object]) -> float:
    return min(_once(work) for _ in range(ATTEMPTS))


def _once(work: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(REPETITIONS):
        work()
    return 1000 * (time.process_time() - start) / REPETITIONS
