"""A small word list that stands for the platform's content judgement."""

from typing import Literal, NamedTuple

Suggestion = Literal["pass", "review", "risky"]
HARMLESS = 100


class Finding(NamedTuple):
    word: str
    suggest: Suggestion
    label: int


WORDS = (
    Finding("赌博", "risky", 20006),
    Finding("枪支", "risky", 20006),
    Finding("裸聊", "risky", 20002),
    Finding("代开发票", "risky", 20008),
    Finding("废物东西", "risky", 20003),
    Finding("兼职刷单", "review", 20008),
    Finding("加微信领", "review", 10001),
)


def findings(text: str) -> list[Finding]:
    """What was found, the worst first."""
    found = [finding for finding in WORDS if finding.word in text]
    return sorted(found, key=lambda finding: finding.suggest != "risky")


def is_risky(text: str) -> bool:
    return any(finding.suggest == "risky" for finding in findings(text))
