"""The form of a registration: what it shows makes the same document again."""

from dataclasses import replace

import pytest

from idp.pages.client_form import Choices, fill, read
from idp.registration.metadata import check_metadata
from tests.registration.examples import FakeDesk, MemoryStore

CHOICES = Choices(
    ("openid", "profile", "email", "phone", "address", "overseas", "offline_access"), ("urn:kr:overseas-id:acr:2",)
)
OFFER = replace(FakeDesk(MemoryStore()).offer, claims=("birthdate",))


def typed(shown):
    """What a browser sends: an unticked box is not there."""
    return {name: value for name, value in shown.items() if value}


def test_a_new_service_needs_only_its_name_its_address_and_a_ground():
    form = typed(fill({"scope": "openid"}, CHOICES)) | {
        "client_name": "Library",
        "redirect_uris": "https://l.example.kr/cb",
    }
    document = check_metadata(read(form, {}, CHOICES), OFFER)
    assert document == check_metadata(
        {"client_name": "Library", "redirect_uris": ["https://l.example.kr/cb"], "scope": "openid"}, OFFER
    )


CASES = {
    "plain": {"scope": "openid profile", "legal_grounds": {"profile": "Act 1", "birthdate": "Act 2"}},
    "waived": {"pkce_required": False, "scope": "openid"},
    "native": {
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/cb"],
        "scope": "openid",
        "sector": "a.kr",
    },
    "machine too": {
        "grant_types": ["authorization_code", "client_credentials"],
        "machine_scope": "read write",
        "scope": "openid email",
        "optional_scope": "email",
    },
    "machine alone": {"grant_types": ["client_credentials"], "machine_scope": "read", "redirect_uris": None},
    "names": {"client_name#ko": "도서관", "contacts": ["a@b.kr", "c@d.kr"], "scope": "openid"},
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_shown_and_sent_back_unchanged_changes_nothing(case):
    given = {"client_name": "L", "redirect_uris": ["https://l.example.kr/cb"]} | CASES[case]
    registered = check_metadata(given, OFFER)
    again = check_metadata(read(typed(fill(registered, CHOICES)), registered, CHOICES), OFFER)
    assert again == registered
