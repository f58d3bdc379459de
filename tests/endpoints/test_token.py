"""The token endpoint against hostile requests (abuse cases T, P and C), over HTTP."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from joserfc.jwk import ECKey

from tests.endpoints.service_keys import KIND, KeyedService
from tests.ground import ORIGIN, VERIFIER, call

FORM = "application/x-www-form-urlencoded"


def post(ground, data, **options):
    return ground.app.test_client().post("/token", data=data, base_url=ORIGIN, **options)


def basic(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return {"Authorization": "Basic " + b64encode(raw).decode()}


def code_form(service, code, **changed):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": service.redirect_uri,
        "code_verifier": VERIFIER,
    } | changed
    return {name: value for name, value in form.items() if value is not None}


def refused(response, status, error):
    assert (response.status_code, response.get_json().get("error")) == (status, error), response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "access_token" not in response.text


@pytest.fixture
def code(ground, service, citizen):
    """A fresh code of `service`."""
    return ground.browser().sign_in(service, citizen)["code"]


@pytest.fixture
def keyed(ground):
    return KeyedService(ground)


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_T_01_only_post(house, method):
    response = getattr(house.ground.app.test_client(), method)("/token", base_url=ORIGIN)
    assert response.status_code == 405
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content_type": "application/json", "data": "{}"}, 415),
        ({"content_type": "text/plain", "data": "grant_type=x"}, 415),
        ({"content_type": "multipart/form-data; boundary=b", "data": "--b--"}, 415),
        ({"content_type": f"{FORM}; charset=utf-7", "data": "grant_type=x"}, 415),
        ({"data": {}}, 415),
        ({"content_type": FORM, "data": "grant_type=x", "query_string": "code=1"}, 400),
        ({"content_type": FORM, "data": "grant_type=a&grant_type=b"}, 400),
        ({"content_type": FORM, "data": "&".join(f"p{i}=1" for i in range(100))}, 400),
        ({"content_type": FORM, "data": f"code={'c' * 9000}"}, 400),
        ({"content_type": FORM, "data": "%00=%00"}, 401),
        ({"content_type": FORM, "data": "\xff\xfe"}, 401),
    ],
    ids=str,
)
def test_T_01_the_form_stands_in_the_body_once_in_one_encoding(house, options, status):
    response = house.ground.app.test_client().post("/token", base_url=ORIGIN, **options)
    assert response.status_code == status
    assert response.is_json
    assert response.get_json()["error_description"].isascii()


@pytest.mark.parametrize(
    "both",
    [
        lambda s: ({"client_id": s.id, "client_secret": s.secret}, basic(f"{s.id}:{s.secret}")),
        lambda s: ({"client_assertion_type": KIND, "client_assertion": "a.b.c"}, basic(f"{s.id}:{s.secret}")),
        lambda s: ({"client_id": s.id, "client_secret": s.secret, "client_assertion": "a.b.c"}, {}),
        lambda s: ({"client_id": "another"}, basic(f"{s.id}:{s.secret}")),
    ],
)
def test_T_02_one_credential_only(ground, service, code, both):
    fields, headers = both(service)
    refused(post(ground, code_form(service, code) | fields, headers=headers), 400, "invalid_request")
    assert ground.browser().token(service, code).status_code == 200  # nothing was spent


@pytest.mark.parametrize(
    "credential",
    [
        lambda _: "Basic",
        lambda _: "Basic ",
        lambda s: "Basic  " + b64encode(f"{s.id}:{s.secret}".encode()).decode(),
        lambda s: "Basic " + b64encode(f"{s.id}:{s.secret}".encode()).decode() + "\t",
        lambda s: "Basic " + b64encode(f"{s.id}:{s.secret}".encode()).decode() + "====",
        lambda s: "Basic " + b64encode(f"{s.id}:{s.secret}\n".encode()).decode(),
        lambda s: "Basic " + b64encode(f"{s.id}:{s.secret} ".encode()).decode(),
        lambda s: "Basic " + b64encode(f"{s.id}".encode()).decode(),
        lambda s: "Basic " + b64encode(f":{s.secret}".encode()).decode(),
        lambda s: "Basic " + b64encode(f"{s.id}:".encode()).decode(),
        lambda s: "Basic " + b64encode(f"{s.id.upper()}x:{s.secret}".encode()).decode(),
        lambda _: "Basic " + b64encode(b"\xff\xfe:\x00").decode(),
        lambda s: "Basic " + urlsafe_b64encode(f"{s.id}:???>>>".encode()).decode(),
        lambda s: "Bearer " + b64encode(f"{s.id}:{s.secret}".encode()).decode(),
        lambda _: "Basic " + "A" * 5000,
        lambda s: f"Digest {s.id}",
    ],
)
def test_T_03_a_basic_credential_has_one_spelling(house, credential):
    response = post(house.ground, code_form(house.service, "x"), headers={"Authorization": credential(house.service)})
    refused(response, 401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("registered", "presented"),
    [
        ("client_secret_basic", "post"),
        ("client_secret_basic", "none"),
        ("client_secret_post", "basic"),
        ("client_secret_post", "none"),
        ("none", "basic"),
        ("none", "post"),
    ],
)
def test_T_04_T_12_only_the_registered_method_opens(ground, registered, presented):
    service = ground.register(token_endpoint_auth_method=registered)
    secret = service.secret or "a-secret"
    ways = {
        "basic": ({}, basic(f"{service.id}:{secret}")),
        "post": ({"client_id": service.id, "client_secret": secret}, {}),
        "none": ({"client_id": service.id}, {}),
    }
    for grant in ({"grant_type": "refresh_token", "refresh_token": "r"}, code_form(service, "x")):
        fields, headers = ways[presented]
        refused(post(ground, grant | fields, headers=headers), 401, "invalid_client")


@pytest.mark.parametrize(
    "unfit",
    [
        lambda k: k.form(k.assertion(iss="another")),
        lambda k: k.form(k.assertion(sub="another")),
        lambda k: k.form() | {"client_id": "another"},
        lambda k: k.form(k.assertion(jti=None)),
        lambda k: k.form(k.assertion(jti="")),
        lambda k: k.form(k.assertion(jti=7)),
        lambda k: k.form(k.assertion(jti="j" * 300)),
        lambda k: k.form(k.assertion(exp=None)),
        lambda k: k.form(k.assertion(sub=None)),
        lambda k: k.form(k.assertion(iss=None)),
        lambda k: k.form(k.assertion(aud=None)),
        lambda k: k.form(k.assertion(exp=k.ground.clock() - 300)),
        lambda k: k.form(k.assertion(exp=k.ground.clock() + 365 * 86_400)),
        lambda k: k.form(k.assertion(exp=str(k.ground.clock() + 60))),
        lambda k: k.form(k.assertion(exp=True)),
        lambda k: k.form(k.assertion(exp=10**400)),
        lambda k: k.form(k.assertion(exp=-1)),
        lambda k: k.form(k.assertion(nbf=k.ground.clock() + 300)),
        lambda k: k.form(k.assertion(iat=k.ground.clock() + 300)),
        lambda k: k.form(k.assertion(aud="https://another.example")),
        lambda k: k.form(k.assertion(aud=[ORIGIN, "https://another.example"])),
        lambda k: k.form(k.assertion(aud=ORIGIN + "/")),
        lambda k: k.form(k.assertion(aud=ORIGIN + "/userinfo")),
        lambda k: k.form(k.assertion(aud={"a": 1})),
        lambda k: k.form(k.assertion(kid="k2")),
        lambda k: k.form(k.assertion(key=ECKey.generate_key("P-256"))),
        lambda k: k.form(k.assertion(typ="at+jwt")),
        lambda k: k.form(k.assertion(typ="dpop+jwt")),
        lambda k: k.form(k.assertion(typ="logout+jwt")),
        lambda k: k.form(unsigned(k)),
        lambda k: k.form(unsigned(k)) | {"client_secret": "x"},
        lambda k: k.form(k.assertion() + "."),
        lambda k: k.form(k.assertion() + "\n"),
        lambda k: k.form(k.assertion().replace(".", "..", 1)),
        lambda k: k.form(".".join(["aaaa"] * 10)),
        lambda k: k.form() | {"client_assertion_type": "urn:another"},
        lambda _: {"client_assertion_type": KIND},
        lambda k: {"client_assertion": k.assertion()},
        lambda k: {"client_id": k.service.id, "client_secret": "anything"},
        lambda k: {"client_id": k.service.id},
    ],
)
def test_T_02_T_04_T_07_J_01_J_12_an_assertion_says_exactly_what_it_must(ground, keyed, unfit):
    before = ground.contents()
    response = post(ground, code_form(keyed.service, "x") | unfit(keyed))
    assert response.status_code in {400, 401}, response.text
    assert response.get_json()["error"] in {"invalid_client", "invalid_request"}
    assert ground.contents() == before


def unsigned(keyed):
    header = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    body = urlsafe_b64encode(json.dumps(keyed.claims()).encode()).rstrip(b"=").decode()
    return f"{header}.{body}."


@pytest.mark.parametrize("audience", [ORIGIN, ORIGIN + "/token", [ORIGIN]], ids=str)
def test_T_07_issuer_and_token_endpoint_are_the_audience(ground, keyed, audience):
    code = ground.browser().sign_in(keyed.service, ground.enrol())["code"]
    form = code_form(keyed.service, code) | keyed.form(keyed.assertion(aud=audience))
    assert post(ground, form).status_code == 200


def test_T_06_a_replayed_assertion_opens_nothing_and_spends_nothing(ground, keyed):
    citizen = ground.enrol()
    first, second = (ground.browser().sign_in(keyed.service, citizen)["code"] for _ in range(2))
    assertion = keyed.assertion()
    assert post(ground, code_form(keyed.service, first) | keyed.form(assertion)).status_code == 200
    for path in ("/token", "/introspect", "/revoke"):
        form = code_form(keyed.service, second) | keyed.form(assertion) | {"token": "t"}
        refused(ground.app.test_client().post(path, data=form, base_url=ORIGIN), 401, "invalid_client")
    assert post(ground, code_form(keyed.service, second) | keyed.form()).status_code == 200


def test_T_06_the_same_jti_of_another_service_is_not_a_replay(ground):
    one, other = KeyedService(ground), KeyedService(ground)
    for keyed in (one, other):
        response = post(ground, code_form(keyed.service, "x") | keyed.form(keyed.assertion(jti="same")))
        refused(response, 400, "invalid_grant")  # authenticated, so only the code is wrong


def test_T_08_another_service_can_neither_use_nor_burn_a_code(ground, service, code):
    other = ground.register()
    for _ in range(3):
        refused(ground.browser().token(other, code, redirect_uri=service.redirect_uri), 400, "invalid_grant")
    assert ground.browser().token(service, code).status_code == 200


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", {"unsupported_grant_type", "unauthorized_client"}),
        ("client_credentials", {"unsupported_grant_type", "unauthorized_client"}),
        ("AUTHORIZATION_CODE", "unsupported_grant_type"),
        ("authorization_code ", "unsupported_grant_type"),
        ("refresh_token", "unauthorized_client"),
        ("", "invalid_request"),
        (None, "invalid_request"),
    ],
)
def test_T_10_a_grant_type_that_is_not_there_or_not_this_client_s(house, grant_type, error):
    service = house.extra.get("code only") or house.ground.register(grant_types=["authorization_code"])
    house.extra["code only"] = service
    response = call(house.ground, "/token", code_form(service, "x", grant_type=grant_type), service)
    assert response.status_code == 400
    assert response.get_json()["error"] in ({error} if isinstance(error, str) else error)


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": None},
        {"redirect_uri": "http://localhost:9001/callback1/"},
        {"redirect_uri": "http://LOCALHOST:9001/callback1"},
        {"code_verifier": None},
        {"code_verifier": VERIFIER[:-1]},
        {"code_verifier": VERIFIER + "x"},
        {"code_verifier": "v" * 42},
        {"code_verifier": "v" * 129},
        {"code_verifier": "=" * 43},
        {"code_verifier": "é" * 43},
    ],
    ids=str,
)
def test_T_11_P_03_P_05_P_07_a_code_with_the_wrong_words_is_burned(ground, service, code, changed):
    refused(ground.browser().token(service, code, **changed), 400, "invalid_grant")
    refused(ground.browser().token(service, code), 400, "invalid_grant")
    assert ground.rows("access_tokens") == 0


def test_P_04_a_verifier_for_a_code_without_challenge_is_a_downgrade(ground, citizen):
    service = ground.register(pkce_required=False)
    browser = ground.browser()
    answer = browser.sign_in(service, citizen, code_challenge=None, code_challenge_method=None)
    refused(browser.token(service, answer["code"]), 400, "invalid_grant")


@pytest.mark.parametrize(("seconds", "works"), [(0, True), (59, True), (60, False), (3600, False)])
def test_a_code_lives_for_a_minute(ground, service, code, seconds, works):
    ground.clock.now += seconds
    assert (ground.browser().token(service, code).status_code == 200) is works


def test_T_13_the_answer_is_json_that_nobody_keeps(ground, service, code):
    response = ground.browser().token(service, code)
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]
    assert set(response.get_json()) == {"access_token", "token_type", "expires_in", "scope", "id_token"}


def test_C_02_a_code_seen_twice_ends_everything_that_came_of_it(ground, service, citizen):
    browser = ground.browser()
    code = browser.sign_in(service, citizen, scope="openid offline_access")["code"]
    tokens = browser.token(service, code).get_json()
    ground.clock.now += 1
    refused(browser.token(service, code), 400, "invalid_grant")
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    assert call(ground, "/introspect", {"token": tokens["access_token"]}, service).get_json() == {"active": False}
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refused(call(ground, "/token", again, service), 400, "invalid_grant")
    assert "client:authorization_code:replayed" in ground.events()


def test_C_02_a_replay_by_another_service_ends_nothing(ground, service, code):
    other = ground.register()
    tokens = ground.browser().token(service, code).get_json()
    refused(ground.browser().token(other, code, redirect_uri=service.redirect_uri), 400, "invalid_grant")
    assert ground.browser().userinfo(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("code", ["x", "=" * 64, "A" * 64, "A" * 63 + "\u00e9", "A" * 5000, "../../etc/passwd"])
def test_C_11_what_is_no_code_is_refused_like_an_unknown_one(house, code):
    refused(house.browser().token(house.service, code), 400, "invalid_grant")
