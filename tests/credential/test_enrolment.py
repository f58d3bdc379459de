"""Nothing of an enrolment can be skipped."""

from itertools import product

import pytest

from idp.credential.enrolment import EnrolmentStep, Progress, next_enrolment_step


@pytest.mark.parametrize(("confirmed", "phone", "verified"), list(product([False, True], repeat=3)))
def test_E_01_the_first_thing_missing_comes_next(confirmed, phone, verified):
    step = next_enrolment_step(Progress(confirmed=confirmed, has_phone=phone, phone_verified=verified))
    missing = [
        name
        for name, done in (
            (EnrolmentStep.RECORD, confirmed),
            (EnrolmentStep.PHONE, phone),
            (EnrolmentStep.PHONE_CODE, verified),
        )
        if not done
    ]
    assert step is (missing[0] if missing else EnrolmentStep.PASSKEY)
