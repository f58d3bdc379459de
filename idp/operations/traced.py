"""Switching traces on: the packages are an extra, and are not loaded where nothing is traced."""

from typing import TYPE_CHECKING

from idp.settings import Settings, SettingsError

if TYPE_CHECKING:
    from idp.operations.tracing import Tracing


def begin_tracing(settings: Settings) -> "Tracing | None":
    """What makes the spans of this process; None where nothing is traced. Raises SettingsError without the packages."""
    if not settings.otlp_endpoint:
        return None
    try:
        from idp.operations.tracing import export_to  # noqa: PLC0415 (an extra, and slow to load)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"otlp_endpoint is set, and {error.name} is missing: install the extra `tracing`, or unset it"
        ) from None
    return export_to(settings.otlp_endpoint)
