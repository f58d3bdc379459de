"""The tree of RFC 6962 §2.1: as certificate transparency computes it, and as the RFC defines it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.audit.merkle import root_of

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size):
    assert root_of([bytes.fromhex(text) for text in INPUTS[:size]]).hex() == ROOTS[size]


def as_defined(entries):
    """RFC 6962 §2.1, word for word: split at the largest power of two below the size."""
    if not entries:
        return sha256().digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    middle = 1
    while middle * 2 < len(entries):
        middle *= 2
    return sha256(b"\x01" + as_defined(entries[:middle]) + as_defined(entries[middle:])).digest()


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_any_number_of_entries_has_the_root_that_the_rfc_defines(entries):
    assert root_of(entries) == as_defined(entries)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=20, unique=True), st.data())
def test_another_list_has_another_root(entries, data):
    other = data.draw(st.permutations(entries)) if len(entries) > 1 else [b"other"]
    if other != entries:
        assert root_of(other) != root_of(entries)
    assert root_of(entries[:-1]) != root_of(entries)
