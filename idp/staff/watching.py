"""When the look-ups of one member of staff are worth a second look. Pure.

Nobody is stopped: a counter may have a hard day, and a person may come back five times. But an officer who looks at one
person again and again, or at a crowd, is seen by the auditors (abuse case V-10).
"""

SAME_PERSON_A_DAY = 5
ANYBODY_A_DAY = 100


def unusual(*, of_person: int, of_anybody: int) -> str | None:
    """Why the look-up that has just been counted is unusual; said once, when a threshold is met."""
    if of_person == SAME_PERSON_A_DAY:
        return "same person"
    return "many people" if of_anybody == ANYBODY_A_DAY else None
