"""M-05: a key that somebody else may know is gone at once, and its algorithm still signs."""

import pytest
from click.testing import CliRunner

from idp.keys.commands import keys
from idp.keys.jose import SIGNING_ALGS
from idp.keys.retiring import NotInTheRing
from tests.ground import Ground


def signers(ground: Ground):
    now = ground.clock()
    return {one.alg: one.kid for one in ground.provider.key_periods() if one.signs(now) and one.is_published(now)}


@pytest.mark.parametrize("alg", SIGNING_ALGS)
def test_M_05_what_it_signed_ends_and_a_new_key_signs(ground, alg):
    service, citizen = ground.register(access_token_format="jwt"), ground.enrol()
    token = ground.browser().tokens(service, citizen)["access_token"]
    before = signers(ground)
    kids = ground.provider.retire(before[alg])
    ground.clock.now += 4
    after = signers(ground)
    assert [after[alg]] == kids
    assert {name: kid for name, kid in after.items() if name != alg} == {
        name: kid for name, kid in before.items() if name != alg
    }
    assert ground.provider.sign(alg, {"a": 1})
    assert ground.browser().userinfo(token).status_code == (401 if alg == "ES256" else 200)
    assert before[alg] not in ground.app.test_client().get("/jwks", base_url="http://localhost:9000").text


@pytest.mark.parametrize("which", ["present", "coming"])
def test_M_05_in_the_middle_of_a_rotation_every_moment_has_a_signer(ground, which):
    ground.provider.rotate(3600)
    now = ground.clock()
    of = [one for one in ground.provider.key_periods() if one.alg == "ES256"]
    chosen = next(one for one in of if one.signs(now) == (which == "present"))
    ground.provider.retire(chosen.kid)
    for later in (4, 1800, 3600, 3610, 90_000, 200_000):
        ground.clock.now = now + later
        assert ground.provider.sign("ES256", {"a": 1})


def test_only_a_key_that_is_published_is_retired(ground):
    with pytest.raises(NotInTheRing):
        ground.provider.retire("unknown")
    kid = signers(ground)["ES256"]
    ground.provider.retire(kid)
    ground.clock.now += 4
    with pytest.raises(NotInTheRing):
        ground.provider.retire(kid)


@pytest.mark.parametrize(("answer", "done"), [("y\n", True), ("n\n", False)])
def test_the_command_asks_first(ground, answer, done):
    kid = signers(ground)["ES256"]
    said = CliRunner().invoke(keys, ["retire", kid], obj=ground.provider, input=answer)
    assert (said.exit_code == 0) is done
    assert ("operator:signing_keys:retired" in ground.events()) is done
    assert CliRunner().invoke(keys, ["retire", "unknown", "--yes"], obj=ground.provider).exit_code == 1
