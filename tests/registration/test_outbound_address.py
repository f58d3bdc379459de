"""Which addresses may be called: by name (RFC 6761), and by what the name resolves to (RFC 6890, RFC 4291)."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.registration.errors import BrokenRule
from idp.registration.outbound_address import may_call, outbound_address

NOWHERE = frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://localhost:8443/",
        "https://a.localhost/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://0/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://192.168.0.1/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://8.8.8.8/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://intranet/",
        "https://router.lan/",
        "https://service.test/",
        "https://gov24.example/",
        "https://hidden.onion/",
        "https://1.0.0.127.in-addr.arpa/",
        "http://rp.go.kr/",
        "https://rp.go.kr./",
        "https://user@rp.go.kr/",
        "https://rp.go.kr/../admin",
        "https://rp.go.kr/#fragment",
        "https://rp.go.kr/ HTTP/1.1\r\nX: y",
        "https://127.0.0.1\\@rp.go.kr/",
        "file:///etc/passwd",
        "gopher://rp.go.kr/",
        "ftp://rp.go.kr/",
        "//rp.go.kr/",
        "",
        None,
        7,
    ],
)
def test_G_02_L_05_a_name_that_leads_inwards_is_refused(url):
    with pytest.raises(BrokenRule):
        outbound_address(url, NOWHERE)


@pytest.mark.parametrize(
    "url", ["https://rp.go.kr/jwks", "https://xn--3e0b707e.xn--3e0b707e/jwks", "https://a.b:8443/?x=1"]
)
def test_a_public_name_is_accepted_as_it_is(url):
    assert outbound_address(url, NOWHERE).text == url


@pytest.mark.parametrize("url", ["http://localhost:9001/jwks", "https://localhost:8443/", "https://localhost/"])
def test_a_host_named_for_tests_may_be_loopback(url):
    assert outbound_address(url, frozenset({"localhost"})).text == url
    with pytest.raises(BrokenRule):
        outbound_address(url, frozenset({"other"}))


SPECIAL = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "",
    "8.8.8",
]


@pytest.mark.parametrize("address", SPECIAL)
def test_G_02_an_address_of_special_use_is_never_called(address):
    assert not may_call(address, test_host=False)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.201.0.1", "2001:4860:4860::8888", "2400:cb00::1", "64:ff9b::808:808"]
)
def test_a_public_address_is_called(address):
    assert may_call(address, test_host=False)


@pytest.mark.parametrize(
    ("address", "may"), [("127.0.0.1", True), ("::1", True), ("8.8.8.8", False), ("10.0.0.1", False)]
)
def test_a_host_named_for_tests_is_loopback_and_nothing_else(address, may):
    assert may_call(address, test_host=True) is may


INWARDS = [
    *map(IPv4Network, ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"])
]
INWARDS_6 = [*map(IPv6Network, ["fc00::/7", "fe80::/10", "ff00::/8", "::/96", "2002::/16"])]


@given(st.integers(0, 2**32 - 1))
def test_no_ipv4_address_of_an_inner_network_passes_in_any_dress(number):
    ip = IPv4Address(number)
    inner = any(ip in network for network in INWARDS)
    for dressed in (str(ip), str(IPv6Address(int(IPv6Address("64:ff9b::")) + number))):
        assert not (inner and may_call(dressed, test_host=False))
    assert not may_call(str(IPv6Address(0xFFFF_0000_0000 + number)), test_host=False)


@given(st.integers(0, 2**128 - 1) | st.integers(0, 2**120 - 1).map(lambda n: (0xFD << 120) + n))
def test_no_ipv6_address_of_an_inner_network_passes(number):
    ip = IPv6Address(number)
    assert not (any(ip in network for network in INWARDS_6) and may_call(str(ip), test_host=False))
