"""Two questions after a mobile ID was issued, and two after the first sign-in: to choose from, never to write. Pure.

There is no field for free text. What people write about a counter names them, officers and others; moderating that in
every language of the world would hold personal data that nobody needs to learn where the counter hurts. An answer is
added to a count of its mission and month, and to nothing else: who gave it is not kept, only that they were asked.
"""

from enum import Enum


class Occasion(Enum):
    """After what somebody is asked."""

    ISSUED = "issued"
    FIRST_SIGN_IN = "first_sign_in"


EASE = ("1", "2", "3", "4", "5")  # 5 is easiest

QUESTIONS: dict[Occasion, dict[str, tuple[str, ...]]] = {
    Occasion.ISSUED: {
        "ease": EASE,
        "hardest": ("nothing", "visit", "papers", "counter", "message", "passkey"),
    },
    Occasion.FIRST_SIGN_IN: {
        "ease": EASE,
        "hardest": ("nothing", "finding", "passkey", "message", "consent", "words"),
    },
}
"""The questions of each occasion, with the answers there are."""


def read_answers(occasion: Occasion, form: dict[str, str]) -> dict[str, str]:
    """The answers of a form; a question that was left out, or answered with what is none, is not there."""
    return {question: form[question] for question, known in QUESTIONS[occasion].items() if form.get(question) in known}


def count_of(occasion: Occasion, question: str, answer: str) -> str:
    """The name of the count that an answer is added to."""
    return f"feedback.{occasion.value}.{question}.{answer}"
