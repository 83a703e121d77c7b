"""What kinds promise in working days."""

from datetime import UTC, datetime

from server import workdays
from server.kit.clock import today
from server.kit.db import Reader


def in_working_days(reader: Reader, number: int) -> datetime:
    """When the offices close on the `number`-th working day from now; today is not counted."""
    calendar = workdays.calendar(reader)
    return calendar.closing(calendar.add_working_days(today(reader.now), number)).astimezone(UTC)
