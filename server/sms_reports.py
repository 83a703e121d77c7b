"""Whether a short message arrived, as its provider reports.

A report is kept first and then taken to its message: it may be here before we have written down what number the message
got. The first one of a number counts; whoever is told again says nothing new.
"""

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from schemas.sms_reports import SmsReported
from server import ladders
from server.kit.db import Collection, Database, Index, Tx
from server.kit.jobs import DUE, Leased, QueueOf, Settled

log = structlog.get_logger()

_KEPT = timedelta(days=7)
_TRIES = 12
_FIRST_WAIT_S = 0.5


class SmsReport(Leased, kw_only=True):
    """`id` is the provider's number of the message; `arrived` in the end, or not for what the carrier says in `said`.
    `ours` is our own number of it, where that was told, until its message is found; so long it is due."""

    at: datetime
    arrived: bool
    said: str
    ours: str
    expires_at: datetime


SMS_REPORTS: Collection[SmsReport] = Collection(
    "sms_reports", SmsReport, Index(("expires_at",), expire_after_s=0), DUE
)


class House(Protocol):
    """What reports need of the building."""

    @property
    def db(self) -> Database: ...


async def heard(house: House, told: list[SmsReported]) -> None:
    """Each once; what is told again, or twice in one go, changes nothing."""
    await house.db.atomically(lambda tx: _keep(tx, {one.sid: one for one in reversed(told)}))


async def _keep(tx: Tx, told: dict[str, SmsReported]) -> None:
    known = await tx.all(SMS_REPORTS, {"_id": {"$in": list(told)}}, limit=len(told))
    for sid in told.keys() - {one.id for one in known}:
        one = told[sid]
        report = SmsReport(
            id=sid,
            at=tx.now,
            arrived=one.report_status == "SUCCESS",
            said=one.errmsg,
            ours=one.ext,
            due_at=tx.now,
            expires_at=tx.now + _KEPT,
        )
        await tx.insert(SMS_REPORTS, report)


async def _work(house: House, report: SmsReport) -> Settled:
    """Write on the message what became of it; where nobody knows it yet, look again a little later."""
    if await house.db.atomically(lambda tx: _taken(tx, report)):
        return None
    if report.attempts >= _TRIES:
        log.warning("sms_reports.unknown", sid=report.id)
        return {"due_at": None, "ours": "", "error": "unknown"}
    return {"due_at": house.db.now() + timedelta(seconds=_FIRST_WAIT_S * 2**report.attempts)}


async def _taken(tx: Tx, report: SmsReport) -> bool:
    if not await _known(tx, report):
        return False
    mine = {"_id": report.id, "fence": report.fence}
    if await tx.change(SMS_REPORTS, mine, {"$set": {"due_at": None, "ours": ""}}):
        error = "" if report.arrived else report.said
        await ladders.reported(tx, report.id, report.arrived, error, report.ours)
    return True


async def _known(tx: Tx, report: SmsReport) -> bool:
    """By the provider's number, or by ours where we have never learned that."""
    if await tx.first(ladders.CLIMBS, {"sms_no": report.id}) is not None:
        return True
    return bool(report.ours) and await tx.get(ladders.CLIMBS, report.ours) is not None


_REPORTS = QueueOf("sms_reports", SMS_REPORTS, _work)
