"""The vectors prove themselves where they can: a copying mistake would show here, not as a fault of the provider."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

import pytest

from tests.vectors import HERE, oauth_errors, published


def b64(raw):
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_every_vector_names_its_source():
    entries = json.loads((HERE / "published.json").read_text("utf-8"))
    assert entries
    assert all(entry["source"].startswith(("RFC ", "OpenID Connect ")) for entry in entries.values())


@pytest.mark.parametrize("name", ["rfc7638_section_3_1", "rfc8037_appendix_a"])
def test_a_thumbprint_is_the_hash_of_the_required_members(name):
    vector = published(name)
    required = {"RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}[vector["jwk"]["kty"]]
    canonical = json.dumps({member: vector["jwk"][member] for member in required}, separators=(",", ":"))
    assert b64(sha256(canonical.encode()).digest()) == vector["thumbprint"]


@pytest.mark.parametrize(
    ("name", "value", "half"), [("core_a_3", "access_token", "at_hash"), ("core_a_4", "code", "c_hash")]
)
def test_a_half_hash_is_half_a_hash(name, value, half):
    vector = published(name)
    assert b64(sha256(vector[value].encode()).digest()[:16]) == vector[half]


def test_the_verifier_hashes_to_its_challenge():
    vector = published("rfc7636_appendix_b")
    assert b64(sha256(vector["code_verifier"].encode()).digest()) == vector["code_challenge"]


def test_the_symmetric_example_is_signed_with_the_key_of_its_appendix():
    head, payload, signature = published("rfc7515_a_1")["token"].split(".")
    key = urlsafe_b64decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==")
    assert b64(hmac.digest(key, f"{head}.{payload}".encode(), "sha256")) == signature


def test_the_time_ordered_uuid_is_made_of_its_parts():
    vector = published("rfc9562_a_6")
    assert UUID(vector["uuid"]).int >> 80 == vector["unix_ts_ms"]
    assert UUID(vector["uuid"]).version == 7


def test_the_list_of_errors_has_each_code_once():
    lines = (HERE / "oauth_errors.csv").read_text("utf-8").splitlines()
    assert len(lines) - 1 == len(oauth_errors())
