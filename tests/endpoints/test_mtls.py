"""RFC 8705 over HTTP: services that prove themselves with a certificate, and tokens that only it opens."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from idp.registration.errors import RefusedMetadata
from idp.settings import Settings, SettingsError
from tests.certificates import Certified, certify
from tests.endpoints.test_access_tokens import claims_of
from tests.ground import ORIGIN, START, VERIFIER, Ground, Template, copy_ground, make_ground
from tests.protocol.proofs import Prover

MTLS = "https://localhost:9443"
DN = "CN=service,O=Ministry,C=KR"
MACHINE = {"grant_types": ["client_credentials"], "machine_scope": "read", "scope": None, "redirect_uris": None}
MACHINE |= {"post_logout_redirect_uris": None}
BY_DN = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": DN}
BOUND = {"tls_client_certificate_bound_access_tokens": True}
SANS = (
    x509.DNSName("client.example"),
    x509.UniformResourceIdentifier("urn:kr:client"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.RFC822Name("ops@client.example"),
)
OWN = certify(DN, now=START, sans=SANS)
OTHER = certify("CN=other,O=Ministry,C=KR", now=START)
EXPIRED = certify(DN, now=START - 40 * 86_400)


@pytest.fixture
def ground(tmp_path: Path, template: Template) -> Iterator[Ground]:
    """An installation behind a proxy that asks for certificates."""
    made = copy_ground(template, tmp_path, mtls_origin=MTLS, behind_proxy=True)
    yield made
    made.provider.database.engine.dispose()


def shown(certificate: Certified | None, verdict: str = "SUCCESS") -> dict[str, str]:
    """The headers that nginx sets."""
    return {"X-Client-Cert": certificate.escaped, "X-Client-Verify": verdict} if certificate else {}


def post(ground: Ground, path: str, form, headers, **more):
    return ground.app.test_client().post(path, data=form, headers=headers, base_url=MTLS, **more)


def ask(ground: Ground, service, headers, **more):
    return post(ground, "/token", {"grant_type": "client_credentials", "client_id": service.id}, headers, **more)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("tls_client_auth_subject_dn", DN),
        ("tls_client_auth_san_dns", "client.example"),
        ("tls_client_auth_san_uri", "urn:kr:client"),
        ("tls_client_auth_san_ip", "192.0.2.7"),
        ("tls_client_auth_san_email", "ops@client.example"),
    ],
)
def test_the_registered_subject_opens_the_door(ground, kind, value):
    service = ground.register(**MACHINE, token_endpoint_auth_method="tls_client_auth", **{kind: value})
    assert ask(ground, service, shown(OWN)).status_code == 200
    refused = ask(ground, service, shown(OTHER))
    assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("why", "headers", "address"),
    [
        ("no certificate", {}, "127.0.0.1"),
        ("another subject", shown(OTHER), "127.0.0.1"),
        ("S-08 expired", shown(EXPIRED), "127.0.0.1"),
        ("nobody vouches for it", shown(OWN, "FAILED:self-signed certificate"), "127.0.0.1"),
        ("no verdict", {"X-Client-Cert": OWN.escaped}, "127.0.0.1"),
        ("another verdict", shown(OWN, "NONE"), "127.0.0.1"),
        ("two verdicts", shown(OWN, "FAILED,SUCCESS"), "127.0.0.1"),
        ("malformed", {"X-Client-Cert": "x", "X-Client-Verify": "SUCCESS"}, "127.0.0.1"),
        ("not from the proxy", shown(OWN), "192.0.2.1"),
        ("from its network only", shown(OWN), "127.0.0.2"),
    ],
)
def test_S_08_no_other_certificate_does(ground, why, headers, address):
    service = ground.register(**MACHINE, **BY_DN)
    answer = ask(ground, service, headers, environ_overrides={"REMOTE_ADDR": address})
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client"), why


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_the_proxy_comes_from_this_machine_or_a_socket(ground, address):
    service = ground.register(**MACHINE, **BY_DN)
    assert ask(ground, service, shown(OWN), environ_overrides={"REMOTE_ADDR": address}).status_code == 200


def test_S_08_without_a_proxy_the_headers_mean_nothing(tmp_path, template, ground):
    service = ground.register(**MACHINE, **BY_DN)
    direct = make_ground(tmp_path, ground.provider.settings.database_url, secrets=template.secrets, ready=True)
    answer = direct.app.test_client().post(
        "/token",
        data={"grant_type": "client_credentials", "client_id": service.id},
        headers=shown(OWN),
        base_url=ORIGIN,
    )
    assert answer.status_code == 401
    direct.provider.database.engine.dispose()


def test_a_self_signed_certificate_is_known_by_its_key(ground):
    method = {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": {"keys": [OWN.jwk | {"kid": "k"}]}}
    service = ground.register(**MACHINE, **method)
    renewed = certify("CN=another name", now=START, key=OWN.key)
    for good in (OWN, renewed):
        assert ask(ground, service, shown(good, "FAILED:self-signed certificate")).status_code == 200
    for bad in (OTHER, certify(DN, now=START - 40 * 86_400, key=OWN.key), None):
        assert ask(ground, service, shown(bad)).status_code == 401


@pytest.mark.parametrize("more", [{"client_secret": "x"}, {"client_assertion": "a.b.c"}])
def test_T_02_a_certificate_is_not_one_of_two_credentials(ground, more):
    service = ground.register(**MACHINE, **BY_DN)
    form = {"grant_type": "client_credentials", "client_id": service.id} | more
    assert post(ground, "/token", form, shown(OWN)).status_code == 401


def test_T_04_a_certificate_does_not_stand_for_another_method(ground):
    service = ground.register(**MACHINE)
    assert ask(ground, service, shown(OWN)).status_code == 401


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_S_08_a_bound_token_opens_over_its_certificate_alone(ground, form):
    service, citizen, browser = (
        ground.register(**BY_DN, **BOUND, access_token_format=form),
        ground.enrol(),
        ground.browser(),
    )
    code = browser.sign_in(service, citizen)["code"]
    redeem = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": service.redirect_uri,
        "code_verifier": VERIFIER,
        "client_id": service.id,
    }
    answer = post(ground, "/token", redeem, shown(OWN))
    assert answer.status_code == 200, answer.text
    tokens = answer.get_json()
    assert tokens["token_type"] == "Bearer"
    seen = post(
        ground, "/introspect", {"token": tokens["access_token"], "client_id": service.id}, shown(OWN)
    ).get_json()
    assert list(seen["cnf"]) == ["x5t#S256"]
    if form == "jwt":
        assert claims_of(tokens["access_token"])["cnf"] == seen["cnf"]

    def use(certificate, scheme="Bearer"):
        sent = {"Authorization": f"{scheme} {tokens['access_token']}"} | shown(certificate)
        return ground.app.test_client().get("/userinfo", base_url=MTLS, headers=sent)

    assert use(OWN).status_code == 200
    for wrong in (OTHER, EXPIRED, None, certify(DN, now=START, key=OWN.key)):
        refused = use(wrong)
        assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_token")
    assert use(OWN, "DPoP").status_code == 401


def test_a_service_with_a_secret_may_have_bound_tokens_and_must_show_its_certificate(ground):
    service = ground.register(**MACHINE, **BOUND)
    form = {"grant_type": "client_credentials"}
    auth = (service.id, service.secret)
    assert post(ground, "/token", form, shown(OTHER, "FAILED:x"), auth=auth).status_code == 200
    refused = post(ground, "/token", form, {}, auth=auth)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_request")


def test_a_public_clients_refresh_token_is_bound_to_its_certificate(ground):
    service = ground.register(token_endpoint_auth_method="none", **BOUND)
    citizen, browser = ground.enrol(), ground.browser()
    code = browser.sign_in(service, citizen, scope="openid offline_access")["code"]
    form = {"code": code, "redirect_uri": service.redirect_uri, "code_verifier": VERIFIER, "client_id": service.id}
    tokens = post(ground, "/token", form | {"grant_type": "authorization_code"}, shown(OWN)).get_json()
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": service.id}
    assert post(ground, "/token", again, shown(OTHER)).get_json()["error"] == "invalid_grant"
    assert post(ground, "/token", again, shown(OWN)).status_code == 200


def test_discovery_names_the_other_address_only_where_there_is_one(ground, tmp_path, template):
    document = ground.app.test_client().get("/.well-known/openid-configuration", base_url=ORIGIN).get_json()
    assert document["mtls_endpoint_aliases"]["token_endpoint"] == f"{MTLS}/token"
    assert document["mtls_endpoint_aliases"]["userinfo_endpoint"] == f"{MTLS}/userinfo"
    assert document["token_endpoint"] == f"{ORIGIN}/token"
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(document["token_endpoint_auth_methods_supported"])
    (tmp_path / "plain").mkdir()
    plain = copy_ground(template, tmp_path / "plain")
    document = plain.app.test_client().get("/.well-known/openid-configuration", base_url=ORIGIN).get_json()
    assert not [name for name in document if "tls" in name]
    assert not [method for method in document["token_endpoint_auth_methods_supported"] if "tls" in method]
    with pytest.raises(RefusedMetadata, match="token_endpoint_auth_method"):
        plain.register(**BY_DN)
    with pytest.raises(RefusedMetadata, match="mtls_origin is empty"):
        plain.register(**BOUND)
    plain.provider.database.engine.dispose()


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"token_endpoint_auth_method": "tls_client_auth"}, "exactly one"),
        (BY_DN | {"tls_client_auth_san_dns": "a.example"}, "exactly one"),
        ({"tls_client_auth_san_dns": "a.example"}, "exactly one"),
        (BY_DN | {"tls_client_auth_subject_dn": "service"}, "subject as a certificate has it"),
        ({"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "jwks: or jwks_uri is required"),
        (BOUND | {"dpop_bound_access_tokens": True}, "beside dpop_bound_access_tokens"),
    ],
)
def test_registrations_that_contradict_themselves_are_refused(ground, metadata, problem):
    with pytest.raises(RefusedMetadata, match=problem):
        ground.register(**metadata)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"mtls_origin": "http://localhost:9443", "behind_proxy": True}, "https"),
        ({"mtls_origin": "https://localhost:9443/", "behind_proxy": True}, "slash"),
        ({"mtls_origin": "localhost", "behind_proxy": True}, "https"),
        ({"mtls_origin": "https://localhost:9443"}, "behind_proxy"),
    ],
)
def test_settings_that_could_not_work_are_refused(changed, problem):
    with pytest.raises(SettingsError, match=problem):
        Settings(**changed)


def test_dpop_proofs_may_name_either_address(ground):
    service = ground.register(**MACHINE, **BY_DN, dpop_bound_access_tokens=True)
    for origin in (ORIGIN, MTLS):
        proof = Prover().proof("POST", f"{origin}/token", ground.clock())
        assert ask(ground, service, shown(OWN) | {"DPoP": proof}).get_json()["token_type"] == "DPoP"
