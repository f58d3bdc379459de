"""The ring as a worker holds it: keys loaded once, looked for again every other second, published as bytes."""

import json
from dataclasses import dataclass, field, replace

import pytest

from idp.keys.first_keys import ensure_keys, rotate_keys
from idp.keys.jose import SIGNING_ALGS, read_header, verify_jwt
from idp.keys.ring import LOOK_AGAIN_SECONDS, KeyRing, NoSigningKey
from idp.keys.signing import KEEP_AFTER_SECONDS, KeyPeriod, make_key
from tests.protocol.examples import NOW


@dataclass
class MemoryKeys:
    """The ring's store and its writer."""

    made: dict[str, bytes] = field(default_factory=dict)
    kept: list[KeyPeriod] = field(default_factory=list)
    looks: int = 0
    loads: list[str] = field(default_factory=list)

    def periods(self):
        self.looks += 1
        return tuple(self.kept)

    def private(self, kid):
        self.loads.append(kid)
        return self.made[kid]

    def add(self, keys, now, signs_from):
        for key in keys:
            self.made[key.kid] = key.private
            self.kept.append(KeyPeriod(key.kid, key.alg, now, signs_from, None, None))
        return [key.kid for key in keys]

    def add_first(self, make, now):
        return [] if self.kept else self.add(make(), now, now)

    def rotate(self, keys, rotation, now):
        self.kept = [
            replace(p, signs_until=rotation.signs_from, gone_at=rotation.old_gone_at)
            if p.kid in rotation.retiring
            else p
            for p in self.kept
        ]
        return self.add(keys, now, rotation.signs_from)


@dataclass
class Time:
    now: int = NOW

    def __call__(self):
        return self.now


@dataclass
class Setting:
    keys: MemoryKeys
    time: Time
    ring: KeyRing
    audit: list


@pytest.fixture(scope="module")
def first_keys():
    return [make_key(alg) for alg in SIGNING_ALGS]


@pytest.fixture
def setting(first_keys):
    keys, time = MemoryKeys(), Time()
    keys.add(first_keys, NOW, NOW)
    return Setting(keys, time, KeyRing(read=lambda look: look(keys), clock=time), [])


def kid_of(token):
    return read_header(token)["kid"]


def shown(ring):
    return [key["kid"] for key in json.loads(ring.jwks())["keys"]]


@pytest.mark.parametrize("alg", SIGNING_ALGS)
def test_what_the_ring_signs_its_published_keys_verify(setting, alg):
    token = setting.ring.sign(alg, {"a": 1})
    assert verify_jwt(token, setting.ring.verification_keys(), typ=["JWT"]) == {"a": 1}
    assert setting.ring.sign(alg, {}, typ="logout+jwt").count(".") == 2


@pytest.mark.parametrize("alg", ["none", "HS256", "EdDSA"])
def test_J_11_an_algorithm_without_key_signs_nothing(setting, alg):
    with pytest.raises(NoSigningKey):
        setting.ring.sign(alg, {})


def test_keys_are_loaded_once_and_looked_for_every_other_second(setting):
    for _ in range(3):
        setting.ring.sign("ES256", {})
    assert (setting.keys.looks, len(setting.keys.loads)) == (1, 4)
    setting.time.now += LOOK_AGAIN_SECONDS - 1
    setting.ring.sign("ES256", {})
    assert setting.keys.looks == 1
    setting.time.now += 1
    setting.ring.sign("ES256", {})
    assert (setting.keys.looks, len(setting.keys.loads)) == (2, 4)


def test_the_published_set_is_built_only_when_it_changes(setting):
    first = setting.ring.jwks()
    setting.time.now += 60
    assert setting.ring.jwks() is first


def test_M_01_M_04_a_rotation_is_published_signs_later_and_the_old_key_goes(setting):
    old = shown(setting.ring)
    before = setting.ring.sign("ES256", {})
    kids = rotate_keys(setting.keys, setting.audit.append, NOW, ahead=600)
    assert (setting.audit[0].event.tag, setting.audit[0].detail["kids"]) == ("operator:signing_keys:rotated", kids)
    setting.time.now += LOOK_AGAIN_SECONDS
    assert set(shown(setting.ring)) == {*old, *kids}
    assert kid_of(setting.ring.sign("ES256", {})) in old
    setting.time.now = NOW + 600
    assert kid_of(setting.ring.sign("ES256", {})) in kids
    assert verify_jwt(before, setting.ring.verification_keys(), typ=["JWT"]) == {}
    setting.time.now = NOW + 600 + KEEP_AFTER_SECONDS
    assert set(shown(setting.ring)) == set(kids)
    assert len(setting.ring.verification_keys()) == len(kids)


@pytest.mark.parametrize("ahead", [0, 1, 600])
@pytest.mark.parametrize("phase", range(LOOK_AGAIN_SECONDS + 1))
def test_M_01_what_one_worker_signs_each_of_them_verifies_while_keys_rotate(setting, ahead, phase):
    keys, time = setting.keys, setting.time
    workers = [KeyRing(read=lambda look: look(keys), clock=time) for _ in range(2)]
    workers[0].jwks()
    time.now += phase  # they look at the keys at different moments
    workers[1].jwks()
    began = time.now
    kids = rotate_keys(keys, setting.audit.append, began, ahead=ahead)
    while time.now <= began + ahead + 5:
        for signer in workers:
            token = signer.sign("ES256", {"a": 1})
            for other in workers:
                assert kid_of(token) in shown(other), time.now - began
                assert verify_jwt(token, other.verification_keys(), typ=["JWT"]) == {"a": 1}
        time.now += 1
    assert {kid_of(worker.sign("ES256", {})) for worker in workers} <= set(kids)


def test_M_02_the_first_keys_are_made_once_one_for_each_algorithm():
    keys, audit = MemoryKeys(), []
    kids = ensure_keys(keys, audit.append, NOW)
    assert [p.alg for p in keys.kept] == list(SIGNING_ALGS)
    assert ensure_keys(keys, audit.append, NOW) == []
    assert [(row.event.tag, row.detail["kids"]) for row in audit] == [("provider:signing_keys:created", kids)]
