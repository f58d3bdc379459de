"""OpenID Connect Core 1.0 §3.1.2.1 to §3.1.2.4: what comes next, from every state a sign-in can be in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims.assurance import Assurance, Fact, Level, load_assurance
from idp.interaction.next_step import (
    REACHABLE,
    Agreed,
    Ask,
    Proof,
    Reason,
    Refuse,
    Return,
    Step,
    consent_covers,
    must_ask_consent_anew,
    next_step,
    wanted_acr,
)
from idp.settings import Settings
from tests.protocol.examples import GOV24, NOW, asked

TABLE = load_assurance(Settings().assurance_file)
ACR1, ACR2, ACR3 = TABLE.acr_values
PASSKEY = frozenset({Fact.PASSKEY, Fact.USER_VERIFIED, Fact.PROOFED})
BOTH = PASSKEY | {Fact.SECOND_PROOF, Fact.TEXT_MESSAGE}
STRONGEST = BOTH | {Fact.DEVICE_BOUND, Fact.ATTESTED, Fact.REGISTERED_ABROAD, Fact.SETTLED}

SESSION = Proof(facts=BOTH, auth_time=NOW - 600, subject="me", complete=True, made_for_this_request=False)
FRESH = replace(SESSION, auth_time=NOW, made_for_this_request=True)
HALF = replace(FRESH, facts=PASSKEY, complete=False)
ALL = Agreed(frozenset({"openid", "profile"}))
EASY = replace(GOV24, minimum_acr=ACR1)


def decided(client=GOV24, *, proof=SESSION, agreed=ALL, hint=None, now=NOW, assurance=TABLE, **changes):
    return next_step(
        asked(client, **changes), client, assurance, proof=proof, agreed=agreed, hinted_subject=hint, now=now
    )


def error_of(step):
    assert isinstance(step, Refuse), step
    return step.error.code


DONE = Return(ACR2, ("openid", "profile"))
PROVE = Ask(Step.PASSKEY)
AGAIN = Ask(Step.PASSKEY, Reason.LOGIN_AGAIN)
STEP_UP = Ask(Step.PASSKEY, Reason.STEP_UP)
CODE = Ask(Step.PHONE_CODE)
CONSENT = Ask(Step.CONSENT)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        pytest.param({"proof": None}, PROVE, id="nobody is there"),
        pytest.param({"proof": None, "agreed": None}, PROVE, id="consent is not asked of nobody"),
        pytest.param({"proof": HALF}, CODE, id="passkey, then phone"),
        pytest.param({"proof": HALF, "agreed": None}, CODE, id="phone before consent"),
        pytest.param({"proof": FRESH, "agreed": None}, CONSENT, id="both proofs, then consent"),
        pytest.param({"proof": FRESH}, DONE, id="everything is there"),
        pytest.param({}, DONE, id="single sign-on"),
        pytest.param({"agreed": None}, CONSENT, id="single sign-on to a new service"),
        pytest.param({"client": EASY, "proof": HALF}, Return(ACR1, DONE.scopes), id="the passkey alone is enough"),
        pytest.param({"client": EASY, "proof": HALF, "acr_values": ACR2}, CODE, id="unless more is asked"),
        pytest.param({"client": EASY, "acr_values": ACR1}, DONE, id="acr says what really happened"),
    ],
)
def test_the_way_of_a_sign_in(state, step):
    assert decided(**state) == step


@pytest.mark.parametrize(
    ("state", "code"),
    [
        pytest.param({"proof": None}, "login_required", id="A-06 nobody"),
        pytest.param({"proof": None, "agreed": None}, "login_required", id="A-06 nobody, no consent"),
        pytest.param({"agreed": None}, "consent_required", id="A-06 no consent"),
        pytest.param({"agreed": Agreed(frozenset({"openid"}))}, "consent_required", id="A-06 too little consent"),
        pytest.param({"acr_values": ACR3}, "interaction_required", id="A-06 acr too low"),
        pytest.param({"max_age": "1"}, "login_required", id="A-06 too long ago"),
        pytest.param({"hint": "somebody else"}, "login_required", id="A-13 somebody else"),
        pytest.param({"proof": replace(HALF, made_for_this_request=False)}, "interaction_required", id="A-06 half"),
        pytest.param({"proof": HALF}, "interaction_required", id="A-06 code still missing"),
        pytest.param({"acr_values": "x"}, "unmet_authentication_requirements", id="A-10 unknown acr"),
    ],
)
def test_A_06_prompt_none_never_shows_a_page(state, code):
    assert error_of(decided(prompt="none", **state)) == code


def test_A_06_prompt_none_succeeds_where_nothing_is_missing():
    assert decided(prompt="none") == DONE
    assert decided(prompt="none", max_age="10000", hint="me") == DONE


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_a_prompt_asks_a_signed_in_person_again_but_only_once(prompt):
    assert decided(prompt=prompt) == AGAIN
    assert decided(prompt=prompt, proof=HALF) == CODE
    assert decided(prompt=prompt, proof=FRESH) == DONE


@pytest.mark.parametrize(
    ("max_age", "session_age", "step"),
    [
        ("1", 600, AGAIN),
        ("599", 600, AGAIN),
        ("600", 600, DONE),
        ("10000", 600, DONE),
        ("0", 0, AGAIN),
        ("0", 600, AGAIN),
        ("1", 0, DONE),
    ],
)
def test_A_09_max_age_is_judged_against_the_session(max_age, session_age, step):
    assert decided(max_age=max_age, proof=replace(SESSION, auth_time=NOW - session_age)) == step


@pytest.mark.parametrize("max_age", ["0", "1"])
def test_A_09_a_slow_sign_in_does_not_loop(max_age):
    assert decided(max_age=max_age, proof=replace(FRESH, auth_time=NOW - 300)) == DONE


def test_A_09_the_registered_max_age_counts_as_well():
    assert decided(replace(GOV24, default_max_age=60)) == AGAIN
    assert decided(replace(GOV24, default_max_age=60), max_age="3600") == DONE


@pytest.mark.parametrize(
    ("proof", "client", "changes", "step"),
    [
        pytest.param(replace(SESSION, facts=PASSKEY), GOV24, {}, STEP_UP, id="session of the passkey alone"),
        pytest.param(SESSION, GOV24, {"acr_values": ACR3}, STEP_UP, id="level 3 wants a fresh proof"),
        pytest.param(
            replace(SESSION, facts=STRONGEST), GOV24, {"acr_values": ACR3}, STEP_UP, id="never from a session"
        ),
        pytest.param(
            replace(FRESH, facts=STRONGEST), GOV24, {"acr_values": ACR3}, Return(ACR3, DONE.scopes), id="fresh"
        ),
        pytest.param(replace(SESSION, facts=PASSKEY), EASY, {}, Return(ACR1, DONE.scopes), id="enough for level 1"),
    ],
)
def test_A_10_a_session_is_used_only_as_far_as_its_proofs_go(proof, client, changes, step):
    assert decided(client, proof=proof, **changes) == step


@pytest.mark.parametrize(
    ("proof", "changes"),
    [
        pytest.param(HALF, {"acr_values": ACR3}, id="this passkey cannot reach it: said before a message is sent"),
        pytest.param(replace(HALF, facts=frozenset({Fact.PASSKEY})), {}, id="not verified by its user"),
        pytest.param(replace(HALF, facts=PASSKEY - {Fact.PROOFED}), {}, id="never proofed"),
        pytest.param(FRESH, {"acr_values": ACR3}, id="reached 2, wanted 3"),
        pytest.param(replace(FRESH, facts=PASSKEY), {}, id="complete without a second proof"),
        pytest.param(replace(FRESH, facts=frozenset()), {}, id="nothing proven at all"),
        pytest.param(None, {"acr_values": "urn:other"}, id="none of the values is ours"),
        pytest.param(SESSION, {"acr_values": "urn:other"}, id="nor for somebody who is signed in"),
        pytest.param(
            SESSION, {"claims": '{"id_token":{"acr":{"essential":true,"values":["x"]}}}'}, id="nor as a claim"
        ),
    ],
)
def test_A_10_an_unmet_level_is_an_error_never_silence(proof, changes):
    assert error_of(decided(proof=proof, **changes)) == "unmet_authentication_requirements"


@pytest.mark.parametrize("proof", [SESSION, FRESH, HALF])
def test_A_13_A_14_another_person_than_the_hint_means_is_never_answered_for(proof):
    assert error_of(decided(proof=proof, hint="somebody else")) == "login_required"


def test_A_13_the_person_whom_the_hint_means_goes_on():
    assert decided(hint="me") == DONE
    assert decided(hint="me", proof=None) == PROVE
    assert decided(hint="somebody else", prompt="login") == AGAIN


@pytest.mark.parametrize(
    ("minimum", "asked_for", "wanted"),
    [
        (ACR2, {}, ACR2),
        (ACR1, {}, ACR1),
        (ACR1, {"acr_values": ACR3}, ACR3),
        (ACR1, {"acr_values": f"{ACR3} {ACR2}"}, ACR2),
        (ACR1, {"acr_values": f"x {ACR3}"}, ACR3),
        (ACR2, {"acr_values": ACR1}, ACR2),
        (ACR3, {"acr_values": f"{ACR1} {ACR2}"}, ACR3),
        (ACR2, {"acr_values": "x y"}, ""),
        (ACR1, {"claims": f'{{"id_token":{{"acr":{{"value":"{ACR3}"}}}}}}'}, ACR3),
        (ACR1, {"claims": '{"id_token":{"acr":{"values":[1]}}}'}, ""),
        (ACR1, {"claims": '{"id_token":{"acr":{"essential":true}}}'}, ACR1),
        (ACR1, {"acr_values": ACR1, "claims": f'{{"id_token":{{"acr":{{"value":"{ACR3}"}}}}}}'}, ACR3),
        ("gone", {}, "gone"),
        ("gone", {"acr_values": ACR1}, ""),
    ],
)
def test_A_10_the_least_level_that_satisfies_request_and_registration(minimum, asked_for, wanted):
    client = replace(GOV24, minimum_acr=minimum)
    assert wanted_acr(asked(client, **asked_for), client, TABLE) == wanted


@pytest.mark.parametrize("changes", [{}, {"acr_values": ACR1}])
def test_a_minimum_that_the_table_lost_lets_nobody_in(changes):
    client = replace(GOV24, minimum_acr="urn:kr:overseas-id:acr:9")
    assert error_of(decided(client, proof=FRESH, **changes)) == "unmet_authentication_requirements"


OPTIONAL = replace(GOV24, optional_scopes=frozenset({"email"}))


@pytest.mark.parametrize(
    ("client", "agreed", "scope", "covered"),
    [
        (GOV24, None, "openid", False),
        (GOV24, Agreed(frozenset()), "openid", False),
        (GOV24, ALL, "openid profile", True),
        (GOV24, ALL, "openid", True),
        (GOV24, ALL, "openid email", False),
        (OPTIONAL, Agreed(frozenset({"openid"}), frozenset({"email"})), "openid email", True),
        pytest.param(
            GOV24, Agreed(frozenset({"openid"}), frozenset({"email"})), "openid email", False, id="now required"
        ),
        pytest.param(OPTIONAL, Agreed(frozenset({"openid"})), "openid email", False, id="optional but never asked"),
    ],
)
def test_what_consent_covers(client, agreed, scope, covered):
    assert consent_covers(asked(client, scope=scope), client, agreed) is covered


def test_CS_03_a_single_claim_needs_the_consent_to_its_scope():
    request = asked(scope="openid", claims='{"userinfo":{"email":null}}')
    assert not consent_covers(request, GOV24, ALL)
    assert consent_covers(request, GOV24, Agreed(frozenset({"openid", "email"})))


def test_a_declined_optional_scope_is_not_returned():
    agreed = Agreed(frozenset({"openid"}), frozenset({"email"}))
    assert decided(OPTIONAL, agreed=agreed, scope="openid email") == Return(ACR2, ("openid",))


@pytest.mark.parametrize(
    ("client", "prompt", "anew"),
    [
        (GOV24, None, False),
        (GOV24, "consent", True),
        (GOV24, "login", False),
        (replace(GOV24, consent="always"), None, True),
        (replace(GOV24, consent="always"), "none", False),
    ],
)
def test_when_remembered_consent_does_not_count(client, prompt, anew):
    assert must_ask_consent_anew(asked(client, prompt=prompt), client) is anew


def test_the_steps_after_the_passkey_can_add_only_the_second_proof():
    assert {
        Fact.SECOND_PROOF,
        Fact.TEXT_MESSAGE,
        Fact.VOICE_CALL,
        Fact.AUTHENTICATOR_APP,
        Fact.PRINTED_CODE,
        Fact.SECOND_PASSKEY,
    } == REACHABLE


FACTS = st.frozensets(st.sampled_from([f for f in Fact if f is not Fact.FRESH]))
PROOFS = st.none() | st.builds(
    Proof,
    facts=FACTS,
    auth_time=st.integers(NOW - 50_000, NOW),
    subject=st.sampled_from(["me", "other"]),
    complete=st.booleans(),
    made_for_this_request=st.booleans(),
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.sampled_from(["none", "login", "consent", "select_account"]),
        "max_age": st.sampled_from(["0", "1", "600", "86400"]),
        "acr_values": st.sampled_from([ACR1, ACR2, ACR3, f"{ACR3} {ACR1}", "x"]),
        "scope": st.sampled_from(["openid", "openid profile", "openid email"]),
    },
)


@given(
    proof=PROOFS,
    changes=REQUESTS,
    agreed=st.sampled_from([None, ALL, Agreed(frozenset({"openid", "email"}))]),
    hint=st.sampled_from([None, "me", "other"]),
    minimum=st.sampled_from([ACR1, ACR2, ACR3, "gone"]),
)
def test_whoever_returns_has_proven_and_agreed_to_everything(proof, changes, agreed, hint, minimum):
    client = replace(GOV24, minimum_acr=minimum)
    step = decided(client, proof=proof, agreed=agreed, hint=hint, **changes)
    silent = changes.get("prompt") == "none"
    assert not (silent and isinstance(step, Ask))
    if not isinstance(step, Return):
        return
    assert proof is not None
    assert TABLE.satisfies(step.acr, minimum)
    facts = proof.facts | ({Fact.FRESH} if proof.made_for_this_request else set())
    assert step.acr == TABLE.reached(facts)
    assert hint in {None, proof.subject}
    assert agreed is not None
    assert set(step.scopes) <= agreed.scopes
    if not proof.made_for_this_request:
        assert changes.get("prompt") not in {"login", "select_account"}
        assert NOW - proof.auth_time <= int(changes.get("max_age", NOW))


def test_the_table_is_an_argument():
    loose = Assurance((Level("only", frozenset({Fact.PASSKEY})),))
    client = replace(GOV24, minimum_acr="only")
    assert decided(client, proof=HALF, assurance=loose) == Return("only", DONE.scopes)
