"""The four registrations: complete, different where a copier should see the difference, and read by their service."""

import json
import tomllib

import pytest

from clients.relying_party.client_key import make_key
from clients.relying_party.service import ASSURANCE_LADDER, read_service
from idp.registration.folders import read_folder
from idp.registration.metadata import check_metadata
from idp.registration.waivers import waivers
from tests.clients.conftest import SERVICES
from tests.registration.examples import DEVELOPMENT, PRODUCTION

REGISTERED = {
    slug: tomllib.loads((module.FOLDER / "registration.toml").read_text("utf-8")) for slug, module in SERVICES.items()
}


@pytest.mark.parametrize("slug", SERVICES)
def test_a_registration_has_what_the_provider_asks_for(slug):
    found = REGISTERED[slug]
    assert found["redirect_uris"] == ["${base}/callback"]
    assert found["post_logout_redirect_uris"] == ["${base}/signed-out"]
    assert (found["grant_types"], found["response_types"]) == (["authorization_code"], ["code"])
    assert found["client_name#ko"] != found["client_name#en"]
    assert found["contacts"]
    assert (found["policy_uri"], found["tos_uri"], found["client_uri"]) == (
        "${base}/privacy",
        "${base}/terms",
        "${base}",
    )


def test_each_service_shows_its_own_way():
    shown = {
        slug: (service["token_endpoint_auth_method"], service["id_token_signed_response_alg"], service["scope"])
        for slug, service in REGISTERED.items()
    }
    assert shown == {
        "gov24": ("client_secret_basic", "ES256", "openid profile phone overseas"),
        "okportal365": ("client_secret_post", "RS256", "openid profile email"),
        "apostille": ("client_secret_basic", "PS256", "openid profile address email"),
        "family_register": ("private_key_jwt", "ES256", "openid profile overseas"),
    }
    assert REGISTERED["apostille"]["optional_scope"] == "email"
    assert REGISTERED["family_register"]["jwks_file"] == "${credentials}/family_register.jwks.json"


@pytest.mark.parametrize("slug", SERVICES)
@pytest.mark.parametrize(
    ("base", "offer"), [("http://localhost:9001", DEVELOPMENT), ("https://service.go.kr", PRODUCTION)]
)
def test_the_provider_registers_it_without_a_waiver(tmp_path, slug, base, offer):
    make_key(tmp_path / f"{slug}.key.json")
    metadata = check_metadata(read_folder(SERVICES[slug].FOLDER, {"base": base, "credentials": str(tmp_path)}), offer)
    assert not waivers(metadata)
    assert metadata["redirect_uris"] == [f"{base}/callback"]


@pytest.mark.parametrize("slug", SERVICES)
def test_a_service_accepts_its_level_and_better_only(slug):
    assert SERVICES[slug].SERVICE.accepted_acr == ASSURANCE_LADDER[1:]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"default_acr_values": ["urn:kr:overseas-id:acr:9"]}, ValueError),
        ({"id_token_signed_response_alg": "ES512"}, ValueError),
        ({"scope": None}, KeyError),
    ],
)
def test_a_registration_that_cannot_be_held_stops_the_start(tmp_path, changed, error):
    rows = {name: changed.get(name, value) for name, value in REGISTERED["gov24"].items()}
    text = "\n".join(
        f'"{name}" = {json.dumps(value)}'
        for name, value in rows.items()
        if value is not None and name != "legal_grounds"
    )
    (tmp_path / "registration.toml").write_text(text, "utf-8")
    with pytest.raises(error):
        read_service(tmp_path)
