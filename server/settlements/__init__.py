"""Settlement 结算 with the post office: what residents paid with points is claimed in batches, compared, and paid."""

from server.settlements import aging, answers, batches, differences, money, views
from server.settlements.batches import source_of
from server.settlements.stored import (
    ANSWERS,
    BATCHES,
    CONTENTS,
    DIFFERENCES,
    MATCHES,
    RECEIPTS,
    ROWS,
    Batch,
)

__all__ = [
    "ANSWERS",
    "BATCHES",
    "CONTENTS",
    "DIFFERENCES",
    "MATCHES",
    "RECEIPTS",
    "ROWS",
    "Batch",
    "aging",
    "answers",
    "batches",
    "differences",
    "money",
    "source_of",
    "views",
]
