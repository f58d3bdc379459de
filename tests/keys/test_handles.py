"""Bearer secrets: one spelling, 256 bits, stored as a digest."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.handles import LENGTH, SECRET_BYTES, Presented, new_handle, read_handle

ROW = UUID(int=7)
SECRET = bytes(range(200, 200 + SECRET_BYTES))
HANDLE = new_handle(ROW, lambda _: SECRET)


def test_a_handle_is_row_and_secret_and_only_the_digest_is_kept():
    assert urlsafe_b64decode(HANDLE.text) == ROW.bytes + SECRET
    assert len(HANDLE.text) == LENGTH
    assert HANDLE.digest == sha256(SECRET).digest()
    assert read_handle(HANDLE.text) == Presented(ROW, HANDLE.digest)


def test_the_secret_has_256_random_bits():
    asked = []
    new_handle(ROW, lambda size: asked.append(size) or bytes(size))
    assert asked == [32]


@pytest.mark.parametrize(
    "text",
    [
        *(HANDLE.text[:length] for length in range(LENGTH)),
        *(HANDLE.text + more for more in ("=", "==", "A", "\n", " ", "\0")),
        *(" " + HANDLE.text, HANDLE.text[:-1] + "=", HANDLE.text[:-1] + "\n", HANDLE.text[:-1] + "+", "!" * LENGTH),
        *(HANDLE.text[:-1] + "é", "é" * LENGTH, HANDLE.text[:-4] + "====", HANDLE.text[:20] + " " + HANDLE.text[21:]),
        *(HANDLE.text[:-2] + "==", HANDLE.text.replace("-", "+").replace("_", "/")[:-1] + "/"),
        None,
    ],
)
def test_C_11_nothing_but_the_one_spelling_is_a_handle(text):
    assert read_handle(text) is None


@given(st.one_of(st.text(min_size=LENGTH, max_size=LENGTH), st.from_regex(r"[A-Za-z0-9_=+/-]{64}", fullmatch=True)))
def test_C_11_whatever_is_read_has_one_spelling(text):
    found = read_handle(text)
    if found is not None:
        raw = urlsafe_b64decode(text)
        assert urlsafe_b64encode(raw).decode() == text
        assert found == Presented(UUID(bytes=raw[:16]), sha256(raw[16:]).digest())


@given(st.uuids(), st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_every_handle_is_read_back(row, secret):
    made = new_handle(row, lambda _: secret)
    assert read_handle(made.text) == Presented(row, made.digest)
