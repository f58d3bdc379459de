"""Documents that a registration points to: OpenID Connect Registration 1.0 §5, RFC 7591 §2."""

import pytest

from idp.protocol.errors import InvalidClientMetadata
from idp.registration.documents import MOST_SECTOR_ENTRIES, confirm_documents
from idp.registration.effective_client import effective_client
from idp.registration.metadata import check_metadata
from idp.registration.outbound import OutboundRefused
from idp.registration.register import register
from tests.registration.examples import (
    EC,
    EC_384,
    GOV24,
    NOW,
    PRIVATE_EC,
    PRODUCTION,
    RSA,
    FakeOutbound,
    counting_bytes,
    with_keys,
    without,
)

SECTOR = "https://sector.go.kr/uris.json"
KEYS = "https://gov24.go.kr/jwks"
SEVERAL = GOV24 | {"redirect_uris": ["https://a.go.kr/cb", "https://b.go.kr/cb"], "sector_identifier_uri": SECTOR}
PUBLISHED = without(with_keys(), "jwks") | {"jwks_uri": KEYS}


def confirm(metadata, documents):
    outbound = FakeOutbound(documents)
    confirm_documents(check_metadata(metadata, PRODUCTION), outbound)
    return outbound.fetched


def test_nothing_is_fetched_for_a_registration_that_points_to_nothing():
    assert confirm(GOV24, {}) == []


def test_a_sector_document_that_lists_every_redirect_uri_makes_the_sector():
    listed = [*SEVERAL["redirect_uris"], "https://other.go.kr/cb"]
    assert confirm(SEVERAL, {SECTOR: listed}) == [SECTOR]
    made = register(check_metadata(SEVERAL, PRODUCTION), now=NOW, random_bytes=counting_bytes())
    assert effective_client(made.registration).sector == "sector.go.kr"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "must list every one"),
        (["https://a.go.kr/cb"], "must list every one"),
        (["https://a.go.kr/cb", "https://b.go.kr/cb/"], "must list every one"),
        (["https://a.go.kr/cb", "https://B.go.kr/cb"], "must list every one"),
        (["https://a.go.kr/cb", "https://b.go.kr/cb", 7], "must list texts only"),
        (["https://a.go.kr/cb", "https://b.go.kr/cb", None], "must list texts only"),
        ([["https://a.go.kr/cb", "https://b.go.kr/cb"]], "must list texts only"),
        ({"redirect_uris": SEVERAL["redirect_uris"]}, "must be a JSON array"),
        ("https://a.go.kr/cb https://b.go.kr/cb", "must be a JSON array"),
        (None, "must be a JSON array"),
        (["https://a.go.kr/cb"] * (MOST_SECTOR_ENTRIES + 1), "must be a JSON array of at most"),
        (OutboundRefused("has a host name that leads to an address that is not public"), "not public"),
    ],
)
def test_G_06_a_sector_document_that_does_not_bear_it_out_is_refused(document, why):
    with pytest.raises(InvalidClientMetadata, match=f"sector_identifier_uri: .*{why}"):
        confirm(SEVERAL, {SECTOR: document})


def test_G_06_a_sector_document_that_is_not_there_is_refused():
    with pytest.raises(InvalidClientMetadata, match="sector_identifier_uri: answered with status 404"):
        confirm(SEVERAL, {})


def test_there_is_one_sector():
    with pytest.raises(InvalidClientMetadata, match="must not be given together with sector"):
        check_metadata(SEVERAL | {"sector": "gov24.go.kr"}, PRODUCTION)


@pytest.mark.parametrize(
    "keys", [[EC], [EC_384, RSA], [EC, {"kty": "OKP", "crv": "X448", "x": "AA"}, {"kty": "?"}, {}]]
)
def test_published_keys_are_accepted_when_one_can_verify(keys):
    """RFC 7517 §5: keys that we do not understand are left out."""
    assert confirm(PUBLISHED, {KEYS: {"keys": keys, "more": 1}}) == [KEYS]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"keys": []}, "must have a key for ES256"),
        ({"keys": [EC_384]}, "must have a key for ES256"),
        ({"keys": [EC | {"x": "AAAA"}]}, "must have a key for ES256"),
        ({"keys": [EC, PRIVATE_EC]}, "must hold public keys only"),
        ({"keys": [EC, {"kty": "oct", "k": "AA"}]}, "must hold public keys only"),
        ({"keys": [EC, "text"]}, "must be a JWK Set"),
        ({"keys": {"0": EC}}, "must be a JWK Set"),
        ({"keys": [EC] * 21}, "at most 20 keys"),
        ([EC], "must be a JWK Set"),
        (None, "must be a JWK Set"),
    ],
)
def test_J_07_published_keys_that_cannot_be_used_are_refused(document, why):
    with pytest.raises(InvalidClientMetadata, match=f"jwks_uri: .*{why}"):
        confirm(PUBLISHED, {KEYS: document})


def test_the_assertion_algorithm_is_one_of_the_published_keys():
    metadata = PUBLISHED | {"token_endpoint_auth_signing_alg": "PS256"}
    assert confirm(metadata, {KEYS: {"keys": [RSA]}})
    with pytest.raises(InvalidClientMetadata, match="must have a key for PS256"):
        confirm(metadata, {KEYS: {"keys": [EC]}})


def test_keys_are_given_or_published_and_not_both():
    with pytest.raises(InvalidClientMetadata, match="jwks_uri: must not be given together with jwks"):
        check_metadata(with_keys(EC, jwks_uri=KEYS), PRODUCTION)


@pytest.mark.parametrize("name", ["jwks_uri", "sector_identifier_uri"])
@pytest.mark.parametrize("url", ["http://gov24.go.kr/x", "https://localhost/x", "https://10.0.0.1/x", "file:///x"])
def test_G_02_an_address_that_would_not_be_called_is_not_registered(name, url):
    with pytest.raises(InvalidClientMetadata, match=f"{name}: "):
        check_metadata(GOV24 | {name: url}, PRODUCTION)
