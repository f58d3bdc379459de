"""AES-256-GCM at rest: what was sealed opens only where it was sealed, under any version that is still there."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.sealing import NONCE_BYTES, CannotOpen, Sealer, row_context
from idp.keys.secrets import MasterSecrets, Purpose
from tests.keys.examples import FIRST, ROTATED, SECOND, SECRETS, counting_bytes

HERE = row_context("persons", "record", 1)


def sealer(secrets=SECRETS, purpose=Purpose.RECORD):
    return Sealer(secrets, purpose, counting_bytes())


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_was_sealed_opens(plain, context):
    assert sealer().open(sealer().seal(plain, context), context) == plain


def test_the_form_is_version_nonce_and_aes_gcm():
    sealed = sealer().seal(b"plain", HERE)
    nonce = (1).to_bytes(NONCE_BYTES, "big")
    assert sealed == b"\x01" + nonce + AESGCM(SECRETS.key(Purpose.RECORD, 1)).encrypt(nonce, b"plain", HERE)


def test_no_nonce_is_used_twice():
    one = sealer()
    assert len({one.seal(b"", HERE)[1 : 1 + NONCE_BYTES] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("context", "other"),
    [
        (row_context("persons", "record", 2), sealer()),
        (row_context("persons", "name", 1), sealer()),
        (row_context("phones", "record", 1), sealer()),
        (b"", sealer()),
        (HERE, sealer(purpose=Purpose.PHONE_NUMBER)),
        (HERE, sealer(MasterSecrets({1: SECOND}))),
        (HERE, sealer(MasterSecrets({2: FIRST}))),
    ],
)
def test_M_06_M_07_another_place_purpose_or_secret_does_not_open(context, other):
    sealed = sealer().seal(b"plain", HERE)
    with pytest.raises(CannotOpen):
        other.open(sealed, context)


def test_a_new_secret_seals_and_the_old_one_still_opens():
    before = sealer(SECRETS).seal(b"plain", HERE)
    after = sealer(ROTATED).seal(b"plain", HERE)
    assert (before[0], after[0]) == (1, 2)
    assert sealer(ROTATED).open(before, HERE) == sealer(ROTATED).open(after, HERE) == b"plain"
    with pytest.raises(CannotOpen, match="does not have"):
        sealer(SECRETS).open(after, HERE)


@pytest.mark.parametrize("length", range(1 + NONCE_BYTES + 16))
def test_what_is_too_short_does_not_open(length):
    with pytest.raises(CannotOpen, match="too short"):
        sealer().open(bytes(length), HERE)


@given(st.integers(0, 500), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(place, change):
    sealed = bytearray(sealer().seal(b"a plain text", HERE))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(CannotOpen):
        sealer().open(bytes(sealed), HERE)


def test_contexts_of_different_places_differ():
    assert row_context("persons", "record", 1) == b"persons.record:1"
