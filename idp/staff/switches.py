"""Features that can be turned off while the provider runs, because something about them has become a danger.

Few, and each a whole way in or out: what a law or a rule demands has no switch. Turning off takes one person, because
it may have to be fast; turning on takes two (pending.py). Discovery names only what is on (design law 10).
"""

from enum import Enum


class Feature(Enum):
    """A switch; the value is its name. All are on unless somebody turned them off."""

    ENROLMENT = "enrolment"  # links with which people make their mobile ID: none is opened while it is off
    DEVICE_FLOW = "device_flow"  # RFC 8628, for the clients that were approved for it
    DYNAMIC_REGISTRATION = "dynamic_registration"  # RFC 7591, for holders of an initial access token
    VOICE_CALLS = "voice_calls"  # codes that are called out
