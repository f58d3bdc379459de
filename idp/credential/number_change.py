"""Changing the phone number by oneself: what it takes, and what it holds up. Pure.

It binds an authenticator (NIST SP 800-63B-4 §4.1.2): both proofs a moment ago, the code at the new number, and a
notice to the old one, which a thief does not hold. For three days services that ask for the highest level do not
take it, so that whoever gets the notice in time can stop it at a mission; a change made at a mission is not held.
"""

from idp.credential.enrolment import MOST_PEOPLE_A_NUMBER

HOLD_SECONDS = 72 * 3_600
CHANGES_A_DAY = 3


def held_until(now: int, *, at_mission: bool) -> int:
    """Until when the new number does not reach the highest level; 0 for not at all."""
    return 0 if at_mission else now + HOLD_SECONDS


def may_share(holders: int, *, is_holder: bool) -> bool:
    """Whether one more person may have a number that `holders` others have."""
    return is_holder or holders < MOST_PEOPLE_A_NUMBER
