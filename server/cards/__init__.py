"""Work notices that act: cards in WeCom whose buttons do what the API does, and what the staff type to the app.

A notice that calls for an act names a row of the table (table.py). It goes out as a card (sending.py); a tap comes back
through server/callbacks.py and does the act at the same door as everybody else (taps.py, doors.py); whatever is
done, wherever, takes the buttons off all cards that asked for it (closing.py). docs/decisions/cards.md says why.
"""

from server.cards.closing import UPDATES
from server.cards.table import CARDS

__all__ = ["CARDS", "UPDATES"]
