"""How long a member of staff stays signed in."""

IDLE_SECONDS = 900  # NIST SP 800-63B-4 §2.3.3
ABSOLUTE_SECONDS = 8 * 3_600  # a working day
