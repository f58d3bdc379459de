"""What a person reads where a feature has been turned off (idp/staff/switches.py)."""

from idp.pages.refusals import PageRefused
from idp.pages.rendering import provider
from idp.staff.switches import Feature


def refuse_what_is_off(feature: Feature) -> None:
    """Raise PageRefused unless the feature is on."""
    if not provider().switches.is_on(feature):
        raise PageRefused("feature_off", 503, f"{feature.value} is turned off")
