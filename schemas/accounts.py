"""What somebody gets who asks for everything that is kept of them."""

from datetime import datetime

from schemas.common import Plain, View


class ExportedView(View, frozen=True, kw_only=True):
    """One kind of thing that is kept; `records` are the stored documents, without what only the machinery needs."""

    name: str
    title: str
    records: list[Plain]


class ExportView(View, frozen=True, kw_only=True):
    """Everything, as it was at `made_at`."""

    made_at: datetime
    resident_id: str
    parts: list[ExportedView]
