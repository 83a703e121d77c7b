"""Which papers there are, by what happened: title, the word in their number, and which move gives them out."""

from collections.abc import Iterable

from msgspec import Struct

from schemas.documents import DocumentKind


class Paper(Struct, frozen=True, kw_only=True):
    """`word` stands in the number, 诃街受〔2026〕12 号; `contested`: it says how to object. `each`: every such move
    gives one, otherwise a case has at most one."""

    name: DocumentKind
    text: str
    word: str
    moves: tuple[str, ...]
    each: bool = False
    contested: bool = False


PAPERS: tuple[Paper, ...] = (
    Paper(name="accepted", text="受理通知书", word="受", moves=("accept", "deem")),
    Paper(name="supplement", text="补正通知书", word="补", moves=("supplement",), each=True),
    Paper(name="not_accepted", text="不予受理通知书", word="不受", moves=("not_accept",), contested=True),
    Paper(name="granted", text="准予决定书", word="准", moves=("grant", "grant_now")),
    Paper(name="denied", text="不予决定书", word="不准", moves=("deny",), contested=True),
    Paper(name="certificate", text="证件", word="证", moves=("grant", "grant_now")),
)
BY_NAME = {one.name: one for one in PAPERS}
MOVES = tuple(f"approval.{move}" for move in sorted({move for one in PAPERS for move in one.moves}))


def of_move(event_type: str) -> Iterable[Paper]:
    """The papers that this move may give."""
    move = event_type.removeprefix("approval.")
    return (one for one in PAPERS if move in one.moves)
