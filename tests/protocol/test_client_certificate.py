"""RFC 8705: reading a certificate that a proxy hands on, and whose it is."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.client_certificate import SUBJECTS, UnusableSubject, check_subject, is_subject, read_certificate
from tests.certificates import certify

NOW = 1_800_000_000
SANS = (
    x509.DNSName("client.gov24.example"),
    x509.UniformResourceIdentifier("urn:kr:gov24"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.IPAddress(ip_address("2001:db8::7")),
    x509.RFC822Name("ops@gov24.example"),
)
GOOD = certify("CN=gov24,OU=Portal\\, central,O=행정안전부,C=KR", now=NOW, sans=SANS)
PLAIN = certify("CN=plain", now=NOW)


def read(escaped, now=NOW):
    return read_certificate(escaped, is_trusted=True, now=now)


def test_a_certificate_is_known_by_the_hash_of_its_bytes():
    found = read(GOOD.escaped)
    der = GOOD.certificate.public_bytes(Encoding.DER)
    assert found.thumbprint == urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()
    assert found.is_trusted
    assert len(found.thumbprint) == 43


@pytest.mark.parametrize(
    "escaped",
    [
        None,
        "",
        "x",
        "%",
        "%00",
        quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        quote("-----BEGIN CERTIFICATE-----\n=\n-----END CERTIFICATE-----\n"),
        GOOD.escaped + GOOD.escaped,
        f"{GOOD.escaped},{GOOD.escaped}",
        GOOD.escaped[:-40],
        quote("text\n") + GOOD.escaped,
        GOOD.escaped.replace("CERTIFICATE", "PUBLIC%20KEY"),
        quote(GOOD.private_pem),
        "A" * 20_000,
    ],
    ids=lambda escaped: ascii(escaped)[:30],
)
def test_what_is_no_certificate_is_none(escaped):
    assert read(escaped) is None


@pytest.mark.parametrize(
    ("moment", "valid"),
    [(NOW - 3601, False), (NOW - 3600, True), (NOW - 3600 + 30 * 86_400, True), (NOW - 3599 + 30 * 86_400, False)],
)
def test_S_08_an_expired_or_future_certificate_is_none(moment, valid):
    assert (read(GOOD.escaped, moment) is not None) is valid


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("tls_client_auth_subject_dn", "CN=gov24,OU=Portal\\, central,O=행정안전부,C=KR"),
        ("tls_client_auth_subject_dn", "CN=gov24,OU=Portal\\2C central,O=행정안전부,C=KR"),
        ("tls_client_auth_san_dns", "client.gov24.example"),
        ("tls_client_auth_san_dns", "CLIENT.gov24.example"),
        ("tls_client_auth_san_uri", "urn:kr:gov24"),
        ("tls_client_auth_san_ip", "192.0.2.7"),
        ("tls_client_auth_san_ip", "2001:0db8:0000::7"),
        ("tls_client_auth_san_email", "ops@gov24.example"),
    ],
)
def test_the_registered_subject_is_recognised(kind, value):
    assert check_subject(kind, value) == value
    assert is_subject(GOOD.certificate, kind, value)
    assert not is_subject(PLAIN.certificate, kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("tls_client_auth_subject_dn", "CN=gov24"),
        ("tls_client_auth_subject_dn", "C=KR,O=행정안전부,OU=Portal\\, central,CN=gov24"),
        ("tls_client_auth_subject_dn", "CN=gov24,OU=Portal,O=행정안전부,C=KR"),
        ("tls_client_auth_subject_dn", "CN=gov24,OU=Portal\\, central,O=행정안전부,C=KP"),
        ("tls_client_auth_subject_dn", "CN=evil,CN=gov24,OU=Portal\\, central,O=행정안전부,C=KR"),
        ("tls_client_auth_san_dns", "gov24.example"),
        ("tls_client_auth_san_dns", "*.gov24.example"),
        ("tls_client_auth_san_dns", "client.gov24.example."),
        ("tls_client_auth_san_dns", "ops@gov24.example"),
        ("tls_client_auth_san_uri", "urn:kr:gov24/"),
        ("tls_client_auth_san_uri", "URN:kr:gov24"),
        ("tls_client_auth_san_ip", "192.0.2.70"),
        ("tls_client_auth_san_ip", "::ffff:192.0.2.7"),
        ("tls_client_auth_san_email", "OPS@gov24.example"),
    ],
)
def test_another_subject_is_another(kind, value):
    assert not is_subject(GOOD.certificate, kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("tls_client_auth_subject_dn", ""),
        ("tls_client_auth_subject_dn", "gov24"),
        ("tls_client_auth_subject_dn", "CN=a,"),
        ("tls_client_auth_san_ip", "192.0.2"),
        ("tls_client_auth_san_ip", "192.0.2.0/24"),
        ("tls_client_auth_san_dns", "정부.kr"),
        ("tls_client_auth_san_email", "a\nb"),
        ("tls_client_auth_san_uri", ""),
    ],
)
def test_what_can_be_no_subject_is_refused_at_registration(kind, value):
    with pytest.raises(UnusableSubject):
        check_subject(kind, value)


@given(st.sampled_from(sorted(SUBJECTS)), st.text(max_size=40))
def test_any_subject_is_accepted_or_refused_and_is_not_that_of_another(kind, value):
    try:
        check_subject(kind, value)
    except UnusableSubject:
        return
    assert not is_subject(PLAIN.certificate, kind, value) or value.upper().endswith("=PLAIN")


@given(st.text(max_size=200))
def test_any_text_is_a_certificate_or_none(text):
    assert read(text) is None
