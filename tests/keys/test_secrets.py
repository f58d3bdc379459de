"""Master secrets: read strictly, derived by HKDF, one key per purpose and version."""

import hmac
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.keys.secrets import MasterSecrets, Purpose, SecretsError, new_secret_line, parse_secrets, read_secrets
from tests.keys.examples import FIRST, ROTATED, SECOND, SECRETS, counting_bytes
from tests.vectors import published


def line(version=1, secret=FIRST):
    return new_secret_line(version, lambda _: secret)


def hkdf(ikm, info, length):
    """RFC 5869 with SHA-256 and no salt, written a second time."""
    prk = hmac.digest(bytes(32), ikm, "sha256")
    okm, block, number = b"", b"", 1
    while len(okm) < length:
        block = hmac.digest(prk, block + info + bytes([number]), "sha256")
        okm, number = okm + block, number + 1
    return okm[:length]


def test_the_second_writing_of_hkdf_gives_the_published_key():
    vector = published("rfc5869_a_3")
    assert hkdf(bytes.fromhex(vector["ikm"]), b"", vector["length"]).hex() == vector["okm"]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_key_is_hkdf_of_the_secret_for_purpose_and_version(purpose):
    for version, secret in ((1, FIRST), (2, SECOND)):
        assert ROTATED.key(purpose, version) == hkdf(secret, f"overseas-id/{purpose.value}/{version}".encode(), 32)


def test_no_two_purposes_or_versions_share_a_key():
    keys = {ROTATED.key(purpose, version) for purpose in Purpose for version in (1, 2)}
    assert len(keys) == 2 * len(Purpose)


def test_the_highest_version_seals_and_the_lowest_is_kept_for_what_must_last():
    assert (ROTATED.newest, ROTATED.oldest) == (2, 1)
    with pytest.raises(KeyError):
        SECRETS.key(Purpose.RECORD, 2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no secret"),
        ("\n  \n", "no secret"),
        ("1", "at least 32 bytes"),
        ("1:", "at least 32 bytes"),
        ("x:" + line().split(":")[1], "not `version:base64url`"),
        ("1:AAAA", "at least 32 bytes"),
        ("1:" + urlsafe_b64encode(bytes(31)).decode(), "at least 32 bytes"),
        ("1:" + urlsafe_b64encode(bytes(32)).decode(), "not random"),
        ("1:" + urlsafe_b64encode(b"password" * 4).decode(), "not random"),
        (line()[:20] + " " + line()[20:], "not `version:base64url`"),
        (line()[:20] + "*" + line()[20:], "not `version:base64url`"),
        (line()[:20] + "****" + line()[20:], "not `version:base64url`"),
        ("1:é" + line()[3:], "not `version:base64url`"),
        (line(0), "1 to 255"),
        (line(256), "1 to 255"),
        (line(-1), "1 to 255"),
        (line() + line(1, SECOND), "stands twice"),
    ],
)
def test_M_03_M_06_a_damaged_or_weak_file_is_refused_in_one_line(text, why):
    with pytest.raises(SecretsError, match=why) as refused:
        parse_secrets(text)
    assert "\n" not in str(refused.value)
    assert line().split(":")[1].strip() not in str(refused.value)


@pytest.mark.parametrize("text", [line(), line().strip(), f"\n{line()}\n\n", line().replace("\n", "=\r\n"), line(255)])
def test_a_sound_file_is_read(text):
    assert parse_secrets(text).key(Purpose.PAGE, parse_secrets(text).newest)


def test_a_new_line_is_read_back_and_never_the_same():
    make = counting_bytes()
    lines = [new_secret_line(n, lambda size: FIRST[:-1] + make(1) if size == 32 else b"") for n in (1, 2)]
    assert parse_secrets("".join(lines)).newest == 2
    assert lines[0].split(":")[1] != lines[1].split(":")[1]


@pytest.mark.parametrize(("mode", "strict", "accepted"), [(0o600, True, True), (0o640, True, False)])
def test_M_03_others_may_not_read_the_file_in_production(tmp_path, mode, strict, accepted):
    path = tmp_path / "secrets"
    path.write_text(line(), "ascii")
    path.chmod(mode)
    assert read_secrets(path, strict=False).newest == 1
    if accepted:
        assert read_secrets(path, strict=strict).newest == 1
        return
    with pytest.raises(SecretsError, match="chmod 600"):
        read_secrets(path, strict=strict)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o601, 0o777])
def test_M_03_any_right_of_others_is_too_much(tmp_path, mode):
    path = tmp_path / "secrets"
    path.write_text(line(), "ascii")
    path.chmod(mode)
    with pytest.raises(SecretsError, match="chmod 600"):
        read_secrets(path, strict=True)


def test_M_06_a_missing_or_damaged_file_is_named(tmp_path):
    with pytest.raises(SecretsError, match="cannot read the secrets file"):
        read_secrets(tmp_path / "none", strict=False)
    (tmp_path / "damaged").write_bytes(b"\xff\xfe")
    with pytest.raises(SecretsError, match="is damaged"):
        read_secrets(tmp_path / "damaged", strict=False)


def test_secrets_do_not_show_themselves():
    assert FIRST.hex() not in repr(SECRETS)
    assert repr(FIRST) not in f"{SECRETS} {SECRETS!r}"


@given(st.text(max_size=100))
def test_any_text_is_secrets_or_a_typed_refusal(text):
    try:
        assert isinstance(parse_secrets(text), MasterSecrets)
    except SecretsError:
        return
