"""The relying services that the demonstration runs, and where: each a folder of clients/."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleService:
    """One folder of clients/, the port it gets (after the provider's), and what a visitor sees of it."""

    folder: str
    offset: int
    korean: str
    english: str


SAMPLE_SERVICES = (
    SampleService("gov24", 1, "정부24", "Government 24"),
    SampleService("okportal365", 2, "재외동포365민원포털", "Overseas Koreans 365"),
    SampleService("apostille", 3, "아포스티유", "Apostille"),
    SampleService("family_register", 4, "전자가족관계등록시스템", "Family Relations Registration"),
)
