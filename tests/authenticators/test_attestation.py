"""Who vouches for a passkey: the metadata file, the chain of a model, the operator's policy (W-05, W-06)."""

import json
import os
from dataclasses import replace

import pytest

from idp.authenticators.attestation import (
    GRACE_SECONDS,
    NOBODY_VOUCHES,
    AttestationError,
    Attestations,
    Model,
    Policy,
    load_attestations,
    read_policy,
)
from idp.authenticators.ceremony import CeremonyRefused
from idp.authenticators.passkey_registration import creation_options, verify_registration
from idp.demo.authenticator import SoftAuthenticator
from idp.settings import ROOT
from tests.authenticators.makers import MODEL, Service, certify, root, vouched, vouched_by
from tests.ground import ORIGIN, START, copy_ground

CHALLENGE = b"c" * 32
OPTIONS = creation_options(
    CHALLENGE, rp_id="localhost", rp_name="x", user_handle=b"u" * 64, display_name="x", attestation=True
)
POLICY = ROOT / "config/authenticators.toml"
OTHER = "0b5f2a31-6a35-4f0e-9a3b-52a7a1c0de02"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What a metadata service that lists one model publishes."""
    directory = tmp_path_factory.mktemp("metadata")
    service = Service()
    service.list(MODEL, root("maker").der)
    (directory / "blob.jwt").write_bytes(service.blob())
    (directory / "root.pem").write_bytes(root("metadata").pem)
    return directory


@pytest.fixture(scope="module")
def vouching(files):
    return load_attestations(POLICY, files / "blob.jwt", files / "root.pem")


def registered(answer, vouching, now=START):
    return verify_registration(
        answer, challenge=CHALLENGE, rp_id="localhost", origin=ORIGIN, vouching=vouching, now=now
    )


def by_maker(aaguid=MODEL, *, of=None, name="maker"):
    leaf = root(name).issue("model", aaguid=of or aaguid)
    return vouched(OPTIONS, ORIGIN, leaf, [leaf.der], aaguid)


def test_a_listed_model_that_proves_itself_is_attested(vouching):
    assert registered(by_maker(), vouching).attested


def test_a_chain_may_have_links_between(vouching):
    between = root("maker").issue("between", ca=True)
    leaf = between.issue("model", aaguid=MODEL)
    assert registered(vouched(OPTIONS, ORIGIN, leaf, [leaf.der, between.der]), vouching).attested


def test_the_metadata_may_name_the_certificate_itself():
    leaf = certify("model", None, aaguid=MODEL)
    models = {MODEL: model_of(leaf.der)}
    vouching = Attestations(models=models, good_until=START + 1)
    assert registered(vouched(OPTIONS, ORIGIN, leaf, [leaf.der]), vouching).attested


def model_of(*roots, **changed):
    return Model(roots=roots, compromised=changed.get("compromised", frozenset()), refused=False)


def self_signed():
    own = certify("me", None, aaguid=MODEL)
    return vouched(OPTIONS, ORIGIN, own, [own.der])


def junk():
    return vouched(OPTIONS, ORIGIN, root("maker"), [b"junk"])


def below_an_end_certificate():
    end = root("maker").issue("model", aaguid=MODEL)
    below = end.issue("below", aaguid=MODEL)
    return vouched(OPTIONS, ORIGIN, below, [below.der, end.der])


def anothers_signature():
    return vouched(OPTIONS, ORIGIN, root("attacker"), [root("maker").issue("model", aaguid=MODEL).der])


REFUSED = {
    "own root with a listed model's name": lambda: by_maker(name="attacker"),
    "certificate of another model": lambda: by_maker(of=OTHER),
    "self-signed certificate": self_signed,
    "signature of another key": anothers_signature,
    "no certificate": junk,
    "end certificate used as authority": below_an_end_certificate,
}


@pytest.mark.parametrize("case", REFUSED)
def test_W_06_what_claims_to_be_a_listed_model_must_prove_it(vouching, case):
    with pytest.raises(CeremonyRefused):
        registered(REFUSED[case](), vouching)


@pytest.mark.parametrize(
    "status",
    [
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "ATTESTATION_KEY_COMPROMISE",
    ],
)
def test_W_06_a_model_that_was_reported_gets_no_passkey(tmp_path, status):
    service = Service()
    service.list(MODEL, root("maker").der, reports=({"status": "FIDO_CERTIFIED_L1"}, {"status": status}))
    (tmp_path / "blob").write_bytes(service.blob())
    (tmp_path / "root").write_bytes(root("metadata").pem)
    with pytest.raises(CeremonyRefused, match="unsafe"):
        registered(by_maker(), load_attestations(POLICY, tmp_path / "blob", tmp_path / "root"))


def test_W_06_a_stolen_attestation_key_vouches_for_nothing():
    leaf = root("maker").issue("model", aaguid=MODEL)
    model = model_of(root("maker").der, compromised=frozenset({leaf.der}))
    with pytest.raises(CeremonyRefused, match="compromised"):
        registered(
            vouched(OPTIONS, ORIGIN, leaf, [leaf.der]), Attestations(models={MODEL: model}, good_until=START * 2)
        )


def test_an_unlisted_model_signs_in_below_the_highest_level(vouching):
    assert not registered(by_maker(OTHER, name="attacker"), vouching).attested
    assert not registered(json.dumps(SoftAuthenticator(os.urandom).create(OPTIONS, ORIGIN)), vouching).attested


def test_without_a_file_nobody_vouches():
    assert not registered(by_maker(), NOBODY_VOUCHES).attested
    assert not NOBODY_VOUCHES.can_vouch


def test_attestation_without_a_certificate_vouches_for_nothing(vouching):
    answer = SoftAuthenticator(os.urandom).create(
        OPTIONS, ORIGIN, attestation="packed", aaguid=bytes.fromhex(MODEL.replace("-", ""))
    )
    assert not registered(json.dumps(answer), vouching).attested


def test_a_file_that_is_long_overdue_vouches_for_nothing_new(vouching):
    assert registered(by_maker(), vouching, vouching.good_until - 1).attested
    assert not registered(by_maker(), vouching, vouching.good_until).attested
    assert vouching.good_until % 86_400 == GRACE_SECONDS % 86_400


@pytest.mark.parametrize(
    ("policy", "aaguid"),
    [(Policy(refused=frozenset({MODEL})), MODEL), (Policy(unlisted_allowed=False), OTHER)],
    ids=["refused by name", "unlisted"],
)
def test_W_05_the_operators_policy_is_checked_on_the_server(vouching, policy, aaguid):
    with pytest.raises(CeremonyRefused):
        registered(by_maker(aaguid), replace(vouching, policy=policy))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("unlisted = 'maybe'", "takes unlisted"),
        ("unlisted = 'allowed'\nelse = 1", "takes unlisted"),
        ("refused = 'all'", "takes unlisted"),
        ("=", "not valid TOML"),
        (None, "cannot read"),
    ],
)
def test_a_policy_that_says_anything_else_stops_the_start(tmp_path, text, why):
    path = tmp_path / "policy.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(AttestationError, match=why):
        read_policy(path)


def test_the_policy_of_the_project_refuses_nobody():
    assert read_policy(POLICY) == Policy()


def test_a_file_signed_by_anybody_else_stops_the_start(tmp_path, files):
    (tmp_path / "root.pem").write_bytes(root("attacker").pem)
    with pytest.raises(AttestationError, match="was not signed by"):
        load_attestations(POLICY, files / "blob.jwt", tmp_path / "root.pem")


@pytest.mark.parametrize("blob", [b"", b"a.b", b"a.b.c", b"e30.e30.AA", b"\xff\xfe"])
def test_a_damaged_file_stops_the_start(tmp_path, files, blob):
    (tmp_path / "blob").write_bytes(blob)
    with pytest.raises(AttestationError):
        load_attestations(POLICY, tmp_path / "blob", files / "root.pem")


def test_a_changed_file_stops_the_start(tmp_path, files):
    head, payload, signature = (files / "blob.jwt").read_bytes().split(b".")
    (tmp_path / "blob").write_bytes(b".".join([head, payload[:-4] + b"AAAA", signature]))
    with pytest.raises(AttestationError):
        load_attestations(POLICY, tmp_path / "blob", files / "root.pem")


def test_a_file_without_its_root_stops_the_start(files, tmp_path):
    with pytest.raises(AttestationError, match="attestation_metadata_root"):
        load_attestations(POLICY, files / "blob.jwt", None)
    with pytest.raises(AttestationError, match="cannot read"):
        load_attestations(POLICY, tmp_path / "nothing", files / "root.pem")


ACR_3 = "urn:kr:overseas-id:acr:3"


@pytest.mark.parametrize("vouches", [True, False], ids=["attested", "unlisted"])
def test_the_highest_level_takes_an_attested_passkey(template, tmp_path, files, vouches):
    """From the page that has the passkey made to the acr of a code, with the metadata file in the settings."""
    metadata = {"attestation_metadata": files / "blob.jwt", "attestation_metadata_root": files / "root.pem"}
    ground = copy_ground(template, tmp_path, **metadata)
    assert ACR_3 in ground.provider.acr_values
    citizen, service = ground.enrol(), ground.register()
    browser = ground.browser()
    browser.get("/account/passkeys/new")
    browser.passkey(citizen)
    browser.code()
    browser.get("/account/passkeys/new")
    options = json.loads(browser.form("/account/passkeys/new")["options"])
    assert options["attestation"] == "direct"
    phone, leaf = SoftAuthenticator(os.urandom), root("maker").issue("model", aaguid=MODEL if vouches else OTHER)
    answer = vouched_by(phone, options, ORIGIN, leaf, [leaf.der], MODEL if vouches else OTHER)
    browser.submit("/account/passkeys/new", credential=json.dumps(answer))
    ground.clock.now += 61
    second = replace(citizen, phone=phone, passkey=phone.passkeys[0])
    here = ground.browser()
    answered = here.sign_in(service, second, acr_values=ACR_3)
    assert ("code" in answered) is vouches
    if not vouches:
        assert answered["error"] == "unmet_authentication_requirements"
    ground.provider.database.engine.dispose()
