"""What a registration means where nothing was said."""

from dataclasses import replace

import pytest

from idp.protocol.client import MOBILE_ID_ACR, Client
from tests.protocol.examples import APP, GOV24


def test_a_new_client_is_hardened_unless_it_says_otherwise():
    new = Client(id="new", names={}, redirect_uris=())
    assert new.pkce_required
    assert new.subject_type == "pairwise"
    assert new.minimum_acr == MOBILE_ID_ACR
    assert new.grant_types == {"authorization_code"}
    assert new.response_types == {"code"}
    assert new.id_token_signed_response_alg == "ES256"
    assert not new.is_public


def test_only_a_client_without_credential_is_public():
    assert APP.is_public
    assert not replace(APP, token_endpoint_auth_method="private_key_jwt").is_public


@pytest.mark.parametrize(
    ("names", "language", "shown"),
    [
        ({"": "Government 24", "ko": "정부24"}, "ko", "정부24"),
        ({"": "Government 24", "ko": "정부24"}, "en", "Government 24"),
        ({"ko": "정부24"}, "en", "gov24"),
        ({"": "Government 24", "en": ""}, "en", "Government 24"),
    ],
)
def test_the_name_that_people_see(names, language, shown):
    assert replace(GOV24, names=names).name(language) == shown
