"""A public client's page calls the token, UserInfo and revocation endpoints itself (RFC 9700 §2.6, abuse case X-06)."""

import pytest

from tests.ground import ORIGIN, call

PAGE = "http://localhost:9001"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,dpop"}
CALLED = ("/token", "/userinfo", "/revoke")
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def spa(house):
    return house.ground.register(token_endpoint_auth_method="none")


def options(ground, path, origin):
    headers = ASKS | {"Origin": origin}
    return ground.app.test_client().options(path, base_url=ORIGIN, headers=headers)


@pytest.mark.parametrize("path", CALLED)
@pytest.mark.usefixtures("spa")
def test_the_browser_is_told_beforehand_what_it_may_send(house, path):
    answer = options(house.ground, path, PAGE)
    assert answer.status_code == 200
    assert answer.headers[ALLOW] == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert {"Authorization", "DPoP"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_signs_in_reads_its_tokens_claims_and_errors(house, spa):
    ground, browser = house.ground, house.browser()
    code = browser.sign_in(spa, house.citizen)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": spa.redirect_uri}
    wrong = call(ground, "/token", form | {"code": "x"}, spa, headers={"Origin": PAGE})
    assert (wrong.status_code, wrong.headers[ALLOW]) == (400, PAGE)
    told = browser.token(spa, code)
    assert ALLOW not in told.headers, "nobody asked from a page"
    token = told.get_json()["access_token"]
    client = ground.app.test_client()
    for presented, status in ((token, 200), ("x", 401)):
        headers = {"Origin": PAGE, "Authorization": f"Bearer {presented}"}
        answer = client.get("/userinfo", base_url=ORIGIN, headers=headers)
        assert (answer.status_code, answer.headers[ALLOW]) == (status, PAGE)
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    assert call(ground, "/revoke", {"token": token}, spa, headers={"Origin": PAGE}).headers[ALLOW] == PAGE


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{PAGE}.evil.example", "http://LOCALHOST:9001", ""]
)
@pytest.mark.parametrize("path", CALLED)
def test_X_06_other_origins_read_nothing(house, spa, path, origin):
    ground = house.ground
    for answer in (
        options(ground, path, origin),
        ground.app.test_client().post(path, base_url=ORIGIN, data={"client_id": spa.id}, headers={"Origin": origin}),
    ):
        assert not [name for name in dict(answer.headers) if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", ["/authorize", "/par", "/introspect", "/device_authorization", "/register", "/logout"])
@pytest.mark.usefixtures("spa")
def test_X_06_what_no_page_calls_is_read_by_no_page(house, path):
    assert ALLOW not in options(house.ground, path, PAGE).headers


@pytest.mark.usefixtures("service")
def test_X_06_a_service_with_a_secret_has_no_page_that_calls(ground):
    assert ALLOW not in options(ground, "/token", PAGE).headers
