"""POST /register: RFC 7591 §3, closed unless invited; abuse cases G and J-07 over HTTP."""

import json
from threading import Barrier, Thread

import pytest
from joserfc.jwk import ECKey
from sqlalchemy import text

from idp.keys.jose import sign_jwt
from tests.endpoints.registering import SERVICE, invite, post, registered, send
from tests.ground import ORIGIN, Registered, Walker, copy_ground, request, visible
from tests.registration.examples import EC, PRIVATE_EC
from tests.registration.listener import document, endless, listening

STATEMENT_KEY = ECKey.generate_key("P-256", {"kid": "s"})
STATEMENTS = "https://ministry.go.kr"


@pytest.fixture(scope="module")
def here(template, tmp_path_factory):
    """An installation whose outgoing calls may reach loopback, and which approves one issuer of statements."""
    directory = tmp_path_factory.mktemp("register")
    issuers = directory / "issuers.json"
    issuers.write_text(json.dumps({STATEMENTS: {"keys": [STATEMENT_KEY.as_dict(private=False)]}}))
    made = copy_ground(template, directory, outbound_test_hosts="localhost", software_statement_issuers=issuers)
    yield made
    made.provider.database.engine.dispose()


def statement(**claims):
    return sign_jwt(STATEMENT_KEY, alg="ES256", kid="s", typ="JWT", claims={"iss": STATEMENTS} | claims)


def test_an_invited_service_registers_itself(ground):
    response = post(ground, invite(ground), SERVICE | {"logo_uri": "https://booking.go.kr/logo.svg", "x_unknown": 1})
    assert response.status_code == 201
    assert response.mimetype == "application/json"
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    answer = response.get_json()
    assert answer | SERVICE == answer
    assert answer["logo_uri"] == "https://booking.go.kr/logo.svg"
    assert answer["client_secret_expires_at"] == 0
    assert answer["client_id_issued_at"] == ground.clock()
    assert answer["registration_client_uri"] == f"{ORIGIN}/register/{answer['client_id']}"
    assert "x_unknown" not in answer
    assert ground.events()[-1] == "client:registration:added"


def test_what_was_registered_signs_people_in(ground):
    citizen = ground.enrol()
    own = registered(ground, SERVICE | {"policy_uri": "https://booking.go.kr/privacy"})
    service = Registered(own.id, own.answer["client_secret"], SERVICE["redirect_uris"][0])
    assert Walker(ground).tokens(service, citizen)["id_token"]


def test_nothing_secret_is_stored_or_audited(ground):
    token = invite(ground)
    answer = post(ground, token).get_json()
    stored = repr(ground.contents())
    for secret in (token, answer["client_secret"], answer["registration_access_token"]):
        assert secret not in stored


def test_an_invitation_is_audited_with_whom_it_let_in(ground):
    registered(ground)
    with ground.provider.database.read() as reading:
        rows = reading.all(text("SELECT event, client_id, detail FROM audit_events ORDER BY id"))
    made, added = rows[-2:]
    assert (made.event, added.event) == ("operator:initial_access_token:created", "client:registration:added")
    assert json.loads(made.detail)["invitation"] == json.loads(added.detail)["invitation"]


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, None),
        ("Bearer x", "invalid_token"),
        ("Bearer ", "invalid_token"),
        ("Bearer " + "A" * 64, "invalid_token"),
        ("Basic YTpi", "invalid_token"),
    ],
)
def test_G_01_nobody_registers_without_an_invitation(house, authorization, error):
    before = house.ground.contents()
    headers = {} if authorization is None else {"Authorization": authorization}
    service = house.ground.app.test_client()
    response = service.post("/register", json=SERVICE, headers=headers, base_url=ORIGIN)
    assert response.status_code == 401
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="registration"')
    assert ("error=" in challenge) is (error is not None)
    assert house.ground.contents() == before


def test_G_01_an_invitation_ends(ground):
    spent, late, withdrawn = invite(ground), invite(ground, seconds=60), invite(ground)
    assert post(ground, spent).status_code == 201
    ground.provider.invitations.remove(ground.provider.invitations.list(ground.clock())[-1].id, ground.clock())
    ground.clock.now += 60
    for token in (spent, late, withdrawn):
        assert post(ground, token).status_code == 401


def test_an_invitation_is_good_for_its_uses_and_a_refusal_uses_none(ground):
    token = invite(ground, uses=2)
    names = iter("ABC")
    assert post(ground, token, SERVICE | {"scope": "everything"}).status_code == 400
    answers = [post(ground, token, SERVICE | {"client_name": f"Service {next(names)}"}).status_code for _ in range(3)]
    assert answers == [201, 201, 401]


def test_a_token_in_the_query_is_refused(ground):
    response = send(ground, "POST", f"/register?access_token={invite(ground)}", None, SERVICE)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"scope": "openid", "scope": "openid email"}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b" " * 200_000, "application/json", 413),
    ],
)
def test_Q_12_a_document_that_is_none_is_refused(house, body, content_type, status):
    token = invite(house.ground)
    response = house.ground.app.test_client().post(
        "/register",
        data=body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {token}"},
        base_url=ORIGIN,
    )
    assert response.status_code == status
    if status == 400:
        assert response.get_json()["error"] == "invalid_client_metadata"


REFUSED = [
    ("G_10", {"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
    ("G_10", {"grant_types": ["authorization_code", "password"]}, "invalid_client_metadata"),
    ("G_10", {"response_types": ["id_token"]}, "invalid_client_metadata"),
    ("G_10", {"pkce_required": False}, "invalid_client_metadata"),
    ("G_10", {"minimum_acr": "urn:kr:overseas-id:acr:1"}, "invalid_client_metadata"),
    ("G_10", {"subject_type": "public"}, "invalid_client_metadata"),
    ("G_10", {"sector": "gov24.go.kr"}, "invalid_client_metadata"),
    ("R", {"redirect_uris": ["https://booking.go.kr/cb#x"]}, "invalid_redirect_uri"),
    ("R", {"redirect_uris": ["http://booking.go.kr/cb"]}, "invalid_redirect_uri"),
    ("R", {"redirect_uris": []}, "invalid_redirect_uri"),
    ("R", {"redirect_uris": None}, "invalid_redirect_uri"),
    ("3rd_party", {"initiate_login_uri": "http://booking.go.kr/login"}, "invalid_client_metadata"),
    ("3rd_party", {"initiate_login_uri": "http://localhost:9001/login"}, "invalid_client_metadata"),
    ("J_07", {"jwks": {"keys": [PRIVATE_EC]}}, "invalid_client_metadata"),
    ("J_07", {"jwks": {"keys": [{"kty": "oct", "k": ""}]}}, "invalid_client_metadata"),
    ("J_07", {"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, "invalid_client_metadata"),
    ("J_07", {"jwks": {"keys": []}}, "invalid_client_metadata"),
    ("G_07", {"client_name": "a\u202egnikooB"}, "invalid_client_metadata"),
    ("G_07", {"client_name": "x" * 10_000}, "invalid_client_metadata"),
    ("G_02", {"logo_uri": "http://10.0.0.1/"}, "invalid_client_metadata"),
    ("G_02", {"logo_uri": "file:///etc/passwd"}, "invalid_client_metadata"),
    ("statement", {"software_statement": "x"}, "invalid_software_statement"),
    ("statement", {"software_statement": 7}, "invalid_software_statement"),
    ("statement", {"software_statement": statement(iss="https://stranger.kr")}, "unapproved_software_statement"),
    ("statement", {"software_statement": statement(grant_types=["password"])}, "invalid_client_metadata"),
    ("statement", {"software_statement": statement(pkce_required=False)}, "invalid_client_metadata"),
]


@pytest.mark.parametrize(("changed", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_G_07_G_10_J_07_metadata_that_breaks_a_rule_is_refused_and_leaves_nothing(here, changed, error):
    token = invite(here)
    before = here.contents()
    response = post(here, token, SERVICE | changed)
    assert (response.status_code, response.get_json()["error"]) == (400, error)
    assert response.get_json()["error_description"].isascii()
    assert here.contents() == before


INWARDS = ["http://127.0.0.1:{}/", "https://[::1]:{}/", "https://0x7f.1:{}/", "https://2130706433:{}/"]
INWARDS += [
    "https://169.254.169.254/{}",
    "https://[fd00::1]:{}/",
    "https://[::ffff:127.0.0.1]:{}/",
    "gopher://localhost:{}/",
]


@pytest.mark.parametrize("name", ["jwks_uri", "sector_identifier_uri"])
@pytest.mark.parametrize("url", [*INWARDS, "https://inner.go.kr:{}/", "https://mixed.go.kr:{}/"])
def test_G_02_an_address_that_leads_inwards_is_refused_without_a_connection(house, name, url):
    house.ground.names.known |= {"inner.go.kr": ["127.0.0.1"], "mixed.go.kr": ["8.8.8.8", "127.0.0.1"]}
    with listening(document([])) as listener:
        response = post(house.ground, invite(house.ground), SERVICE | {name: url.format(listener.port)})
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert listener.connections == 0


def test_G_06_a_sector_document_is_fetched_and_must_list_the_redirect_uris(here):
    several = SERVICE | {"redirect_uris": ["https://a.go.kr/cb", "https://b.go.kr/cb"]}
    with listening(document(several["redirect_uris"])) as listener:
        metadata = several | {"client_name": "Sector", "sector_identifier_uri": f"{listener.address}/uris.json"}
        assert registered(here, metadata).answer["sector_identifier_uri"] == f"{listener.address}/uris.json"
        listener.answer = document(["https://a.go.kr/cb"])
        response = post(here, invite(here), metadata)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert listener.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        document({}, "302 Found", Location="https://booking.go.kr/"),
        document(b"[" + b'"x",' * 20_000 + b'"x"]'),
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"[", 0.2),
        document({}, "500 x"),
    ],
    ids=["redirect", "large", "slow", "error"],
)
def test_G_04_G_11_a_document_that_misbehaves_is_cut_off_and_refused(here, answer):
    token = invite(here)
    before = here.contents()
    with listening(answer) as listener:
        response = post(here, token, SERVICE | {"sector_identifier_uri": listener.address})
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert here.contents() == before


def test_nothing_is_fetched_for_somebody_without_an_invitation_or_with_wrong_metadata(here):
    with listening(document([])) as listener:
        pointing = SERVICE | {"sector_identifier_uri": listener.address}
        assert post(here, "A" * 64, pointing).status_code == 401
        assert post(here, invite(here), pointing | {"scope": "everything"}).status_code == 400
    assert listener.connections == 0


def test_published_keys_are_fetched(here):
    with listening(document({"keys": [EC]})) as listener:
        answer = registered(
            here,
            SERVICE
            | {
                "client_name": "Published",
                "token_endpoint_auth_method": "private_key_jwt",
                "jwks_uri": f"{listener.address}/jwks",
            },
        ).answer
    assert answer["jwks_uri"] == f"{listener.address}/jwks"
    assert "client_secret" not in answer
    assert "jwks" not in answer


def test_what_a_statement_says_goes_before_what_the_request_says(here):
    signed = statement(client_name="Vouched For", software_id="abc")
    answer = registered(here, SERVICE | {"client_name": "Claimed", "software_statement": signed}).answer
    assert (answer["client_name"], answer["software_id"]) == ("Vouched For", "abc")
    assert answer["software_statement"] == signed
    assert signed not in repr(here.contents()["audit_events"])


@pytest.mark.parametrize("name", ["Government 24", "GOVERNMENT24"])
def test_G_07_a_name_that_reads_like_another_services_is_for_an_administrator(ground, name):
    ground.register(client_name="Government 24")
    response = post(ground, invite(ground), SERVICE | {"client_name": name})
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_client_metadata")
    assert "administrator" in response.get_json()["error_description"]


def test_G_07_html_in_a_name_is_shown_as_text(ground):
    own = registered(ground, SERVICE | {"client_name": "<b>Booking</b>"})
    browser = ground.browser()
    browser.authorize(Registered(own.id, None, SERVICE["redirect_uris"][0]))
    assert "<b>Booking</b>" not in browser.page.text
    assert "&lt;b&gt;Booking&lt;/b&gt;" in browser.page.text


def test_what_a_service_says_about_itself_is_linked_on_the_passkey_page(ground):
    about = {"policy_uri": "https://booking.go.kr/privacy", "tos_uri": "https://booking.go.kr/terms?a=1&b=2"}
    own = registered(ground, SERVICE | about | {"logo_uri": "https://booking.go.kr/logo.svg"})
    browser = ground.browser()
    browser.authorize(Registered(own.id, None, SERVICE["redirect_uris"][0]), ui_locales="en")
    for address in ("privacy", "terms?a=1&amp;b=2", "logo.svg"):
        link = f'href="https://booking.go.kr/{address}" target="_blank" rel="noopener"'
        assert link in browser.page.text
    assert "<img" not in browser.page.text
    assert "Privacy policy of the service" in visible(browser.page)


def test_a_suite_may_leave_pkce_out(here, ground):
    lab = registered(here, SERVICE, lab=True)
    assert (lab.answer["pkce_required"], lab.answer["id_token_signed_response_alg"]) == (False, "RS256")
    again = registered(here, SERVICE, lab=True)
    assert again.id != lab.id, "a suite registers the same name again and again"
    response = here.browser().get("/authorize", query_string=_without_pkce(lab))
    assert "/sign-in/passkey" in response.text
    strict = registered(ground, SERVICE)
    response = ground.browser().get("/authorize", query_string=_without_pkce(strict))
    assert "error=invalid_request" in response.headers["Location"]


def _without_pkce(own):
    service = Registered(own.id, None, SERVICE["redirect_uris"][0])
    return request(service, code_challenge=None, code_challenge_method=None)


def test_Q_10_a_request_uri_causes_no_connection_at_all(here):
    service = here.register()
    with listening(document({})) as listener:
        for address in (f"{listener.address}/r.jwt", f"http://127.0.0.1:{listener.port}/", "https://169.254.169.254/"):
            asked = len(here.names.asked)
            response = here.browser().get("/authorize", query_string=request(service, request_uri=address))
            assert response.status_code in {303, 400}
            assert "/sign-in/passkey" not in response.text
            assert len(here.names.asked) == asked
    assert listener.connections == 0


def test_discovery_names_the_endpoint(ground):
    assert (
        ground.app.test_client()
        .get("/.well-known/openid-configuration", base_url=ORIGIN)
        .get_json()["registration_endpoint"]
        == f"{ORIGIN}/register"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_verbs_are_not_for_the_endpoint(ground, method):
    assert send(ground, method, "/register").status_code == 405


def test_an_invitation_for_one_lets_one_in_however_many_knock_at_once(either_ground):
    ground = either_ground
    token, barrier, answers = invite(ground), Barrier(6), []

    def knock(number):
        barrier.wait()
        answers.append(post(ground, token, SERVICE | {"client_name": f"Service {chr(65 + number)}"}).status_code)

    threads = [Thread(target=knock, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 401, 401, 401, 401, 401]
    assert ground.rows("clients") == 1
