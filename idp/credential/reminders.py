"""When a citizen is reminded that their credential ends: days before, the shortest first.

The shortest first, so that somebody whose worker slept for a month gets one message and not three.
"""

REMINDER_DAYS = (7, 30, 90)
