"""Where every driver was last, in the memory of each process: the change stream brings what the others were told."""

from collections.abc import Callable

from server.kit.db import Change, Database
from server.positions.stored import POSITIONS, Position

_MOST = 20_000


class Whereabouts:
    """What is here is never older than the stream; who is not here is read from the database, once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows: dict[str, Position] = {}
        self._told: list[Callable[[Position], None]] = []
        db.follower.listen(POSITIONS.name, self._changed, self._rows.clear)

    def when_reported(self, call: Callable[[Position], None]) -> None:
        """Whoever shows positions hears of each one that is newer than the last."""
        self._told.append(call)

    async def last(self, driver_id: str) -> Position | None:
        """Their last report, however old, as long as it is kept."""
        known = self._rows.get(driver_id) if self._db.follower.trusted else None
        if known is None:
            known = await self._db.reading(lambda reader: reader.get(POSITIONS, driver_id))
            if known is not None:
                self.reported(known)
        return known if known is not None and known.expires_at > self._db.now() else None

    def reported(self, row: Position) -> None:
        """This process knows at once what it was told itself; the others hear of it within a second."""
        known = self._rows.get(row.id)
        if known is not None and known.at > row.at:
            return
        if known is None and len(self._rows) >= _MOST:
            self._rows.pop(next(iter(self._rows)))
        self._rows[row.id] = row
        if known != row:
            for call in self._told:
                call(row)

    def _changed(self, change: Change) -> None:
        if change.document is not None:
            self.reported(POSITIONS.load(change.document))
        elif change.operation == "delete":
            self._rows.pop(change.item_id, None)
