"""What the desk sees of a resident only when it says why."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import ONE_LINE, Request, View

RevealReason = Literal["callback", "visit", "identity", "other"]
REASONS: dict[RevealReason, str] = {
    "callback": "要给居民回电话",
    "visit": "要上门或寄送",
    "identity": "当面核对身份",
    "other": "其他（请写明）",
}


class NewReveal(Request, frozen=True, kw_only=True):
    """Why; in one's own words where none of the reasons fits."""

    reason: RevealReason
    note: Annotated[str, Meta(max_length=100, pattern=ONE_LINE)] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reason == "other" and not self.note.strip():
            raise ValueError("Expected words in field `note` for another reason")

    @property
    def said(self) -> str:
        """In words, as it stands in the records."""
        return self.note.strip() if self.reason == "other" else REASONS[self.reason]


class RevealedView(View, frozen=True, kw_only=True):
    """`left` is how often the caller may do so today."""

    id: str
    name: str
    phone: str
    home: str
    birth_year: int | None
    left: int
