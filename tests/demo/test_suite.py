"""`idp lab suite`: the clients of each conformance plan are registered as any service is, and described to it."""

import pytest

from idp.demo.suite import LOGOUT_PLANS, configuration

PLACE = "https://localhost:8443/test/a/one"


@pytest.mark.parametrize("plan", sorted(LOGOUT_PLANS))
def test_each_logout_plan_has_a_client_that_hears_by_its_own_channel(ground, plan):
    document = configuration(ground.provider, plan, "https://localhost:8443", "one")
    client = ground.provider.clients.find(document["client"]["client_id"])
    told = {"frontchannel": client.frontchannel_logout_uri, "backchannel": client.backchannel_logout_uri}
    channel = LOGOUT_PLANS[plan]
    assert told == {name: f"{PLACE}/{name}_logout" if name == channel else None for name in told}
    assert client.post_logout_redirect_uris == (f"{PLACE}/post_logout_redirect",)
    assert document["client"]["client_secret"]
