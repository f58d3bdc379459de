"""RFC 9449 over HTTP: tokens that only the holder of a key can use, and proofs that are good once."""

from urllib.parse import urlencode

import pytest

from idp import create_app
from idp.keys.nonces import PERIOD_SECONDS
from idp.protocol.dpop import access_token_hash
from tests.endpoints.service_keys import KeyedService
from tests.endpoints.test_access_tokens import claims_of
from tests.ground import ORIGIN, VERIFIER, Ground, Registered, call, request
from tests.protocol.proofs import SIGNERS, Prover
from tests.races import race

TOKEN = f"{ORIGIN}/token"
USERINFO = f"{ORIGIN}/userinfo"
OFFLINE = "openid profile offline_access"
MACHINE = {"grant_types": ["client_credentials"], "machine_scope": "read", "scope": None, "redirect_uris": None}
MACHINE |= {"post_logout_redirect_uris": None}


class Service:
    """A registered service that holds a key."""

    def __init__(self, ground: Ground, prover: Prover | None = None, **metadata):
        self.ground = ground
        self.registered: Registered = ground.register(**metadata)
        self.prover = prover or Prover()

    def prove(self, prover: Prover | None = None, **changed) -> str:
        return (prover or self.prover).proof("POST", TOKEN, self.ground.clock(), **changed)

    def ask(self, proof: str | None, **form):
        headers = {"DPoP": proof} if proof is not None else {}
        return call(self.ground, "/token", form, self.registered, headers=headers)

    def redeem(self, code: str, proof: str | None):
        uri = self.registered.redirect_uri
        return self.ask(proof, grant_type="authorization_code", code=code, redirect_uri=uri, code_verifier=VERIFIER)

    def refresh(self, token: str, proof: str | None):
        return self.ask(proof, grant_type="refresh_token", refresh_token=token)

    def tokens(self, browser, citizen, **changed):
        code = browser.sign_in(self.registered, citizen, **changed)["code"]
        answer = self.redeem(code, self.prove())
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def use(self, token: str, *, scheme="DPoP", prover=None, headers=None, app=None, **changed):
        changed.setdefault("token", token)
        proof = (prover or self.prover).proof("GET", USERINFO, self.ground.clock(), **changed)
        sent = {"Authorization": f"{scheme} {token}", "DPoP": proof} | (headers or {})
        client = (app or self.ground.app).test_client()
        return client.get("/userinfo", base_url=ORIGIN, headers={n: v for n, v in sent.items() if v is not None})


@pytest.mark.parametrize("form", ["opaque", "jwt"])
@pytest.mark.parametrize("alg", SIGNERS)
def test_a_token_is_bound_to_the_key_and_works_with_it(ground, browser, citizen, form, alg):
    service = Service(ground, Prover(SIGNERS[alg], alg), dpop_bound_access_tokens=True, access_token_format=form)
    tokens = service.tokens(browser, citizen)
    assert tokens["token_type"] == "DPoP"
    seen = call(ground, "/introspect", {"token": tokens["access_token"]}, service.registered).get_json()
    assert seen["token_type"] == "DPoP"
    assert seen["cnf"] == {"jkt": service.prover.jkt}
    if form == "jwt":
        assert claims_of(tokens["access_token"])["cnf"] == {"jkt": service.prover.jkt}
    answer = service.use(tokens["access_token"])
    assert answer.status_code == 200
    assert answer.headers["DPoP-Nonce"]


@pytest.mark.parametrize("scheme", ["dpop", "DPOP", "DPoP"])
def test_the_name_of_the_scheme_has_no_case(ground, browser, citizen, scheme):
    service = Service(ground, dpop_bound_access_tokens=True)
    token = service.tokens(browser, citizen)["access_token"]
    assert service.use(token, scheme=scheme).status_code == 200


def test_a_proof_is_welcome_without_being_asked_for(ground, browser, citizen):
    service = Service(ground)
    assert service.tokens(browser, citizen)["token_type"] == "DPoP"
    code = browser.sign_in(service.registered, citizen)["code"]
    assert service.redeem(code, None).get_json()["token_type"] == "Bearer"


def test_machines_bind_their_tokens_too(ground):
    service = Service(ground, **MACHINE, dpop_bound_access_tokens=True, access_token_format="jwt")
    answer = service.ask(service.prove(), grant_type="client_credentials").get_json()
    assert answer["token_type"] == "DPoP"
    assert claims_of(answer["access_token"])["cnf"] == {"jkt": service.prover.jkt}
    assert service.ask(None, grant_type="client_credentials").get_json()["error"] == "invalid_request"


@pytest.fixture(scope="module")
def bound(house):
    """A service of the house with a bound token."""
    service = Service(house.ground, dpop_bound_access_tokens=True)
    service.token = service.tokens(house.browser(), house.citizen)["access_token"]
    service.bearer = house.browser().tokens(house.service, house.citizen)["access_token"]
    return service


@pytest.mark.parametrize(
    ("why", "use", "error"),
    [
        ("no proof", {"headers": {"DPoP": None}}, "invalid_dpop_proof"),
        ("an empty proof", {"headers": {"DPoP": ""}}, "invalid_dpop_proof"),
        ("no ath", {"ath": None}, "invalid_dpop_proof"),
        ("ath of another token", {"ath": access_token_hash("x")}, "invalid_dpop_proof"),
        ("another key", {"prover": Prover()}, "invalid_token"),
        ("another method", {"htm": "POST"}, "invalid_dpop_proof"),
        ("another address", {"htu": TOKEN}, "invalid_dpop_proof"),
        ("too old", {"iat": 1_800_000_000 - 3600}, "invalid_dpop_proof"),
        ("a foreign nonce", {"nonce": "x"}, "use_dpop_nonce"),
        ("another type", {"header": {"typ": "JWT"}}, "invalid_dpop_proof"),
    ],
)
def test_S_02_S_03_userinfo_refuses(bound, why, use, error):
    answer = bound.use(bound.token, **use)
    assert (answer.status_code, answer.get_json()["error"]) == (401, error), why
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("DPoP ")
    assert f'error="{error}"' in challenge
    assert 'algs="ES256 PS256 Ed25519"' in challenge


def test_S_02_two_proofs_in_one_request_are_refused(bound):
    clock = bound.ground.clock()
    proofs = [bound.prover.proof("GET", USERINFO, clock, token=bound.token) for _ in range(2)]
    headers = [("Authorization", f"DPoP {bound.token}"), *(("DPoP", proof) for proof in proofs)]
    answer = bound.ground.app.test_client().get("/userinfo", base_url=ORIGIN, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("headers", [{}, {"DPoP": None}])
def test_S_02_a_bound_token_is_no_bearer_token(bound, headers):
    answer = bound.use(bound.token, scheme="Bearer", headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert any(value.startswith("DPoP ") for value in answer.headers.getlist("WWW-Authenticate"))
    form = bound.ground.app.test_client().post("/userinfo", base_url=ORIGIN, data={"access_token": bound.token})
    assert form.status_code == 401


def test_S_02_a_bearer_token_is_no_bound_one(bound):
    answer = bound.use(bound.bearer)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert bound.use(bound.bearer, scheme="Bearer").status_code == 200


@pytest.mark.parametrize("seconds", [-10, 10])
def test_S_02_ten_seconds_of_clock_difference_are_forgiven(bound, seconds):
    now = bound.ground.clock()
    assert bound.use(bound.token, iat=now + seconds).status_code == 200
    machine = Service(bound.ground, **MACHINE)
    assert machine.ask(machine.prove(iat=now + seconds), grant_type="client_credentials").status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "GET"},
        {"htu": USERINFO},
        {"iat": 1_800_000_000 - 61},
        {"header": {"typ": "JWT"}},
        {"header": {"jwk": SIGNERS["ES256"].as_dict(private=True)}},
        {"jti": None},
    ],
)
def test_S_03_the_token_endpoint_refuses_and_nothing_is_spent(ground, browser, citizen, changed):
    service = Service(ground, dpop_bound_access_tokens=True)
    code = browser.sign_in(service.registered, citizen)["code"]
    before = ground.contents()
    answer = service.redeem(code, service.prove(**changed))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_dpop_proof")
    assert ground.contents() == before
    assert service.redeem(code, service.prove()).status_code == 200


def test_a_missing_proof_is_said_before_the_code_is_spent(ground, browser, citizen):
    service = Service(ground, dpop_bound_access_tokens=True)
    code = browser.sign_in(service.registered, citizen)["code"]
    answer = service.redeem(code, None)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert service.redeem(code, service.prove()).status_code == 200


def test_S_01_a_proof_is_good_once_at_each_endpoint_and_after_a_restart(either_ground):
    ground = either_ground
    service, browser, citizen = Service(ground), ground.browser(), ground.enrol()
    code = browser.sign_in(service.registered, citizen, scope=OFFLINE)["code"]
    proof = service.prove()
    tokens = service.redeem(code, proof).get_json()
    again = service.refresh(tokens["refresh_token"], proof)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_dpop_proof")
    same = {"jti": "the-same"}
    assert service.use(tokens["access_token"], **same).status_code == 200
    answer = service.use(tokens["access_token"], **same)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_dpop_proof")
    restarted = create_app(ground.provider.settings, ground.provider.world)
    assert service.use(tokens["access_token"], **same, app=restarted).status_code == 401
    assert service.use(tokens["access_token"], app=restarted).status_code == 200
    restarted.extensions["idp"].database.engine.dispose()


def run_races(ground, rounds):
    machine = Service(ground, **MACHINE)
    service, browser, citizen = Service(ground), ground.browser(), ground.enrol()
    token = service.tokens(browser, citizen)["access_token"]
    for number in range(rounds):
        proof, same = machine.prove(), {"jti": f"race-{number}"}
        answers = race(lambda proof=proof: machine.ask(proof, grant_type="client_credentials").status_code)
        assert sorted(answers) == [200, 400, 400, 400]
        used = race(lambda same=same: service.use(token, **same).status_code)
        assert sorted(used) == [200, 401, 401, 401]


def test_S_01_of_many_at_once_exactly_one_proof_is_accepted(either_ground):
    run_races(either_ground, 5)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_S_01_of_many_at_once_exactly_one_proof_is_accepted_a_thousand_times(either_ground):
    run_races(either_ground, 1000)


def test_S_05_a_code_bound_to_a_key_is_redeemed_with_it_alone(ground, browser, citizen):
    service = Service(ground)
    bound = {"dpop_jkt": service.prover.jkt}
    code = browser.sign_in(service.registered, citizen, **bound)["code"]
    assert service.redeem(code, service.prove()).get_json()["token_type"] == "DPoP"
    for wrong in (service.prove(Prover()), None):
        code = browser.sign_in(service.registered, citizen, **bound)["code"]
        answer = service.redeem(code, wrong)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
        assert service.redeem(code, service.prove()).get_json()["error"] == "invalid_grant"  # one try, as with PKCE


@pytest.mark.parametrize("jkt", ["x", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "é"])
def test_S_05_a_malformed_dpop_jkt_is_refused(ground, browser, jkt):
    service = ground.register()
    browser.authorize(service, dpop_jkt=jkt)
    assert browser.answer(service)["error"] == "invalid_request"


def test_S_05_the_key_stays_asked_for_through_the_pages(ground, browser):
    service = Service(ground)
    browser.authorize(service.registered, dpop_jkt=Prover().jkt)
    page = browser.page.text
    assert "dpop_jkt=" in page  # the page's own address, for a reload or another language


def push(service: Service, prover: Prover | None, **changed):
    ground = service.ground
    proof = {"DPoP": prover.proof("POST", f"{ORIGIN}/par", ground.clock())} if prover else {}
    parameters = request(service.registered, **changed)
    return call(ground, "/par", parameters, service.registered, headers=proof)


def test_S_05_a_proof_at_par_binds_the_code(ground, browser, citizen):
    service = Service(ground)
    for redeemed_by, status in ((service.prover, 200), (Prover(), 400)):
        pushed = push(service, service.prover)
        assert pushed.status_code == 201
        assert pushed.headers["DPoP-Nonce"]
        sent = {"client_id": service.registered.id, "request_uri": pushed.get_json()["request_uri"]}
        browser.get("/authorize?" + urlencode(sent))
        if browser.page.status_code == 200 and "/sign-in/passkey" in browser.page.text:
            browser.passkey(citizen)
            browser.code()
            browser.consent()
        answer = service.redeem(browser.answer(service.registered)["code"], service.prove(redeemed_by))
        assert answer.status_code == status


def test_S_05_a_proof_at_par_that_contradicts_dpop_jkt_is_refused(ground):
    service = Service(ground)
    refused = push(service, service.prover, dpop_jkt=Prover().jkt)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_dpop_proof")
    assert push(service, service.prover, dpop_jkt=service.prover.jkt).status_code == 201
    assert push(service, None, dpop_jkt=service.prover.jkt).status_code == 201


def test_S_01_a_proof_is_good_once_at_par(ground):
    service = Service(ground)
    proof = {"DPoP": service.prover.proof("POST", f"{ORIGIN}/par", ground.clock())}
    statuses = [
        call(ground, "/par", request(service.registered), service.registered, headers=proof).status_code for _ in "ab"
    ]
    assert statuses == [201, 400]


def test_C_09_a_public_clients_refresh_token_is_bound_to_its_key(ground, browser, citizen):
    service = Service(ground, token_endpoint_auth_method="none", dpop_bound_access_tokens=True)
    tokens = service.tokens(browser, citizen, scope=OFFLINE)
    answer = service.refresh(tokens["refresh_token"], service.prove(Prover()))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    renewed = service.refresh(tokens["refresh_token"], service.prove())
    assert renewed.status_code == 200
    stranger = service.refresh(renewed.get_json()["refresh_token"], service.prove(Prover()))
    assert stranger.get_json()["error"] == "invalid_grant"
    assert service.refresh(renewed.get_json()["refresh_token"], service.prove()).status_code == 200


def test_C_09_a_public_client_that_begins_to_prove_is_bound_from_then_on(ground, browser, citizen):
    service = Service(ground, token_endpoint_auth_method="none")
    code = browser.sign_in(service.registered, citizen, scope=OFFLINE)["code"]
    token = service.redeem(code, None).get_json()["refresh_token"]
    token = service.refresh(token, None).get_json()["refresh_token"]
    token = service.refresh(token, service.prove()).get_json()["refresh_token"]
    for proof in (None, service.prove(Prover())):
        assert service.refresh(token, proof).get_json()["error"] == "invalid_grant"
    assert service.refresh(token, service.prove()).status_code == 200


def test_a_confidential_client_may_change_its_key(ground, browser, citizen):
    service = Service(ground, dpop_bound_access_tokens=True)
    token = service.tokens(browser, citizen, scope=OFFLINE)["refresh_token"]
    service.prover = Prover()
    renewed = service.refresh(token, service.prove())
    assert renewed.status_code == 200
    assert service.use(renewed.get_json()["access_token"]).status_code == 200


def test_S_06_a_nonce_that_is_needed_is_asked_for_and_nothing_is_burned(ground, browser, citizen):
    service = Service(ground, dpop_bound_access_tokens=True, dpop_nonce_required=True)
    code = browser.sign_in(service.registered, citizen)["code"]
    before = ground.contents()
    same = {"jti": "kept"}
    answer = service.redeem(code, service.prove(**same))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "use_dpop_nonce")
    assert ground.contents() == before
    nonce = answer.headers["DPoP-Nonce"]
    tokens = service.redeem(code, service.prove(**same, nonce=nonce)).get_json()
    answer = service.use(tokens["access_token"])
    assert (answer.status_code, answer.get_json()["error"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    assert service.use(tokens["access_token"], nonce=answer.headers["DPoP-Nonce"]).status_code == 200


def test_S_06_a_nonce_ages_and_the_one_before_is_still_good(ground):
    machine = Service(ground, **MACHINE, dpop_nonce_required=True)

    def ask(nonce):
        return machine.ask(machine.prove(nonce=nonce), grant_type="client_credentials")

    first = ask("wrong").headers["DPoP-Nonce"]
    assert ask(first).status_code == 200
    ground.clock.now += PERIOD_SECONDS
    answer = ask(first)
    assert answer.status_code == 200
    assert answer.headers["DPoP-Nonce"] != first
    ground.clock.now += PERIOD_SECONDS
    stale = ask(first)
    assert (stale.status_code, stale.get_json()["error"]) == (400, "use_dpop_nonce")
    assert ask(stale.headers["DPoP-Nonce"]).status_code == 200


@pytest.mark.parametrize("nonce", ["", "x", "é", "\ud800", "A" * 24])
def test_S_06_no_other_nonce_is_good(ground, nonce):
    machine = Service(ground, **MACHINE)
    answer = machine.ask(machine.prove(nonce=nonce), grant_type="client_credentials")
    assert answer.get_json()["error"] == "use_dpop_nonce"


def test_nonces_are_given_only_where_proofs_are_used(ground, browser, citizen, service):
    tokens = browser.tokens(service, citizen)
    assert "DPoP-Nonce" not in browser.userinfo(tokens["access_token"]).headers
    assert "DPoP-Nonce" not in call(ground, "/token", {}, service).headers


def test_J_05_a_proof_is_no_client_assertion_and_an_assertion_no_proof(ground):
    keyed = KeyedService(ground)
    headers = {"DPoP": keyed.assertion()}
    form = keyed.form(grant_type="authorization_code", code="x")
    assert call(ground, "/token", form, headers=headers).get_json()["error"] == "invalid_dpop_proof"
    proof = Prover(keyed.key).proof("POST", TOKEN, ground.clock(), **keyed.claims())
    assert call(ground, "/token", keyed.form(proof, grant_type="authorization_code")).status_code == 401
