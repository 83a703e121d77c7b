"""Takes messages to WeChat, which shows them while the resident's credits last.

An attempt is three steps: a transaction that asks whether it may go now and pays for it, the call outside any
transaction, and the writing down of what came of it. Whoever dies in between leaves a row that says that WeChat was
asked; what became of it is then waited for, not tried again blindly.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Literal, Protocol

import structlog
from msgspec.structs import replace

from server import credits, pauses
from server.config import Settings
from server.credits import CREDITS, Credit, credit_id, person_id
from server.errcodes import code_of
from server.kit.db import Database, DatabaseUnavailable, Lanes, Tx
from server.kit.jobs import RetryPolicy
from server.kit.pace import Pace
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.pauses import EVERYTHING, PAUSES, Pause, of_template
from server.push import heard, outcomes, receipts
from server.push.digests import collect
from server.push.outcomes import Outcome
from server.push.stored import MESSAGES, LeaseLost, Message, templates
from server.push.timing import Later, Never, decide
from server.residents import RESIDENTS, Resident

log = structlog.get_logger()
_SAID_AGAIN_S = 3600
_IMPORTANT = ("urgent", "high")
_MISSED = ("no_credit", "refused", "dead", "unknown")

Unreached = Callable[[Tx, Message], Awaitable[None]]
Observe = Callable[[str, str, str], None]
"""Template, outcome and errcode of an answer."""


class Sends(Protocol):
    """What push needs of the gateway to WeChat. `rests_s`: it did not answer and is left alone for so many seconds."""

    @property
    def rests_s(self) -> float: ...
    async def send_subscribe(
        self, openid: str, template_id: str, data: dict[str, str], page: str, *, state: str = ...
    ) -> str: ...


async def nothing_more(tx: Tx, message: Message) -> None:
    """Where there is no other way to reach somebody."""


def unobserved(template: str, outcome: str, errcode: str) -> None:
    """Where nobody counts the answers."""


class Courier:
    """Takes messages to WeChat, outside any transaction, one at a time for each recipient.

    `unreached` is called in the transaction that settles an important message which WeChat did not show.
    """

    def __init__(
        self,
        db: Database,
        wechat: Sends,
        settings: Settings,
        *,
        unreached: Unreached = nothing_more,
        observe: Observe = unobserved,
    ) -> None:
        self._db = db
        self._wechat = wechat
        self._settings = settings
        self._unreached = unreached
        self._observe = observe
        self._templates = templates()
        self._turns = Lanes()
        self._retry = RetryPolicy(attempts=settings.push.max_attempts)
        self._stopped: dict[str, Pause] = {}
        self._said = Pace(1 / _SAID_AGAIN_S, 1)

    async def deliver(self, message: Message) -> None:
        """One attempt, its outcome written down. An exception is a fault of ours: the attempt is repeated until the
        last one."""
        try:
            async with self.turn(message):
                outcome = await self._attempted(message)
                if outcome is not None:
                    await self.settled(message, outcome)
        except LeaseLost:
            log.info("push.lease_lost")
        except DatabaseUnavailable:
            raise
        except Exception as fault:
            if message.attempts < self._retry.attempts:
                raise
            log.exception("push.given_up")
            told = f"{type(fault).__name__}: {fault}"[:500]
            await self.settled(message, Outcome(delivery="dead", error=told, unasked=False, receipt="dead"))

    async def _attempted(self, message: Message) -> Outcome | None:
        """None: it is settled."""
        outcome = await self.beforehand(message)
        if outcome is not None:
            return outcome
        if not await self._db.atomically(lambda tx: self._ready(tx, message)):
            return None
        return await self.asked(message)

    async def beforehand(self, message: Message) -> Outcome | None:
        """What can be said of it before anything else is looked at."""
        return self._doubted(message) or await self._halted(message)

    async def _halted(self, message: Message) -> Outcome | None:
        """Whether anybody has heard from WeChat that this is not to be sent now."""
        pause = await self._pause(EVERYTHING, of_template(message.template))
        if pause is None:
            return None
        if pause.until is not None:
            why = "throttled" if pause.why.endswith(Action.throttle) else "quota"
            return still(message, outcomes.waits(message, pause.until, why))
        return still(message, Outcome(delivery="dead", error=pause.why, money=back(message)))

    async def _pause(self, *names: str) -> Pause | None:
        now = self._db.now()
        for name in names:
            pause = self._stopped.get(name)
            if pause is not None and pause.stands(now):
                return pause
        if self._db.follower.trusted:
            return pauses.standing(self._db.reader(), *names)
        where = {"_id": {"$in": list(names)}}
        found = await self._db.reading(lambda reader: reader.all(PAUSES, where, limit=len(names)))
        return next((one for one in found if one.stands(now)), None)

    def turn(self, message: Message) -> AbstractAsyncContextManager[None]:
        """Nobody else in this process speaks to the same person meanwhile."""
        return self._turns.hold([message.openid])

    def resting(self) -> bool:
        """Whether WeChat is left alone just now: a message that is taken up would only be put back."""
        return self._wechat.rests_s > 0

    async def paused(self) -> bool:
        """Whether nothing at all is sent now."""
        return self.resting() or await self._pause(EVERYTHING) is not None

    def _doubted(self, message: Message) -> Outcome | None:
        """WeChat was asked before, and nobody knows what came of it: its word is waited for. Where it is known to speak
        and has not spoken of this, it has sent nothing. None: it can be tried."""
        if message.asked_at is None:
            return None
        until = message.asked_at + timedelta(seconds=self._settings.push.uncertain_s)
        if self._db.now() < until:
            attempts = message.attempts - 1
            error = message.error
            return Outcome(due_at=until, held="doubt", attempts=attempts, error=error, unasked=False)
        over = message.attempts > self._retry.attempts
        if self._settings.push.sent_events or heard.since(self._db.reader(), message.asked_at):
            message.asked_at = None
            return Outcome(delivery="dead", error=message.error, money=back(message)) if over else None
        if over or message.bulk:
            return Outcome(delivery="unknown", error=message.error, unasked=False)
        return None

    async def _ready(self, tx: Tx, message: Message) -> bool:
        """Whether WeChat is to be asked now, which is paid for then; False: it is settled. Raises LeaseLost."""
        resident = await tx.get(RESIDENTS, message.resident_id)
        names = [credit_id(message.openid, message.template), person_id(message.openid)]
        known = {one.id: one for one in await tx.all(CREDITS, {"_id": {"$in": names}}, limit=2)}
        outcome = self.judged(message, resident, known, tx)
        if outcome is None and message.held and await _overtaken(tx, message):
            outcome = Outcome(delivery="replaced", money=back(message))
        if outcome is None and not await self._paid(tx, message, known.get(names[0])):
            outcome = Outcome(delivery="no_credit")
        if outcome is not None:
            await self.settle(tx, message, still(message, outcome))
            return False
        paid = {"paid": message.paid or self.costs(message), "asked_at": tx.now}
        if not await tx.change(MESSAGES, {"_id": message.id, "fence": message.fence}, {"$set": paid}):
            raise LeaseLost
        return True

    async def _paid(self, tx: Tx, message: Message, known: Credit | None) -> bool:
        if message.paid or not self.costs(message):
            return True
        return await credits.take(tx, credit_id(message.openid, message.template), known)

    def judged(
        self, message: Message, resident: Resident | None, known: Mapping[str, Credit], tx: Tx
    ) -> Outcome | None:
        """What the rules say of it, whatever it costs; None: it may go now."""
        match decide(message, resident, tx.now, self._settings):
            case Later(at, why):
                return outcomes.waits(message, at, why)
            case Never(delivery):
                return Outcome(delivery=delivery, money=back(message))
        if credits.is_dropped(known.get(person_id(message.openid)), tx.now):
            return Outcome(delivery="refused", error=f"40003 {Action.drop_recipient}", money=back(message))
        credit = known.get(credit_id(message.openid, message.template))
        if not self.costs(message) and credit is not None and credit.state == "rejected":
            return Outcome(delivery="no_credit")
        return None

    def costs(self, message: Message) -> bool:
        """A long-term subscription is not used up."""
        return message.template not in self._settings.push.long_term

    async def asked(self, message: Message) -> Outcome:
        """Ask WeChat, now that it is paid for."""
        message.paid = message.paid or self.costs(message)
        halted = await self._halted(message)
        if halted is not None:
            return halted
        doubted, message.asked_at = message.asked_at is not None, self._db.now()
        outcome = await self._answered(message)
        self._observe(message.template, outcome.receipt, code_of(outcome.error))
        return still(message, outcome) if doubted and outcome.delivery != "sent" else outcome

    async def _answered(self, message: Message) -> Outcome:
        try:
            return outcomes.sent(await self._send(message))
        except PlatformRefusal as refusal:
            return await self._refused(message, refusal)
        except PlatformDown as trouble:
            wait_s = self._settings.push.uncertain_s
            return outcomes.down(message, trouble, self._db.now(), self._retry, wait_s)

    async def _send(self, message: Message) -> str:
        """Raises PlatformRefusal, also for what the template wants and the message has not."""
        try:
            template = self._templates[message.template]
            data = {key: message.payload[name] for key, name in template.keys.items()}
        except KeyError as missing:
            raise PlatformRefusal("send_subscribe", 47003, f"no {missing}", Action.fix_data) from None
        return await self._wechat.send_subscribe(
            message.openid,
            template.template_id(self._settings),
            data,
            message.page,
            state=self._settings.push.miniprogram_state,
        )

    async def _refused(self, message: Message, refusal: PlatformRefusal) -> Outcome:
        now = self._db.now()
        outcome = outcomes.refused(message, refusal, now, self._retry)
        if outcome.pause is not None:
            name, until = outcome.pause
            await self._pause_all(Pause(id=name, since=now, until=until, why=outcome.error))
        if outcome.delivery == "dead":
            self._misconfigured(message.template, refusal.errcode)
        return outcome

    async def _pause_all(self, pause: Pause) -> None:
        """Here at once, and then for every process, whoever has the message by then."""
        self._stopped[pause.id] = pause
        try:
            await self._db.atomically(lambda tx: pauses.begin(tx, pause.id, pause.until, pause.why))
        finally:
            self._stopped.pop(pause.id, None)

    def _misconfigured(self, template: str, errcode: int) -> None:
        """Once an hour for each, however many messages it keeps back."""
        if not self._said.late(f"{template} {errcode}", time.monotonic()):
            log.error("push.misconfigured", template=template, errcode=errcode)

    async def settled(self, message: Message, outcome: Outcome) -> None:
        """Write down what came of it, with all that follows. Raises LeaseLost when somebody else has it by now."""
        if outcome.plain and not missed(message, outcome):
            if not await self._db.alone(
                lambda tx: tx.change(MESSAGES, _held(message), self.change(outcome, tx))
            ):
                raise LeaseLost
            return
        await self._db.atomically(lambda tx: self.settle(tx, message, outcome))

    async def settle(self, tx: Tx, message: Message, outcome: Outcome) -> None:
        credit = credit_id(message.openid, message.template)
        if outcome.delivery == "digest":
            await collect(tx, message, self._settings.push)
        elif not await tx.change(MESSAGES, _held(message), self.change(outcome, tx)):
            raise LeaseLost
        match outcome.money:
            case "back":
                await credits.give_back(tx, credit)
            case "none" if self.costs(message):
                await credits.zero(tx, credit, tx.now)
            case "none":
                await credits.reject(tx, credit)
        if outcome.dropped:
            await credits.drop(tx, message.openid)
        if missed(message, outcome):
            await self._unreached(tx, message)

    def change(self, outcome: Outcome, tx: Tx) -> dict[str, Any]:
        """Of the row."""
        how: dict[str, Any] = {"$set": outcome.fields(tx.now)}
        if outcome.receipt:
            how |= receipts.added(tx.now, "subscription", outcome.receipt, outcome.error)
        return how


def missed(message: Message, outcome: Outcome) -> bool:
    """Whether somebody has to hear of it in another way: WeChat has not shown it, or does not before tomorrow."""
    return important(message) and (
        outcome.delivery in _MISSED or (outcome.held == "quota" and outcome.delivery == "queued")
    )


def important(message: Message) -> bool:
    """Whether it is told in another way where WeChat does not show it."""
    return not message.bulk and message.importance in _IMPORTANT


def still(message: Message, outcome: Outcome) -> Outcome:
    """Of a message that may have been sent before: it stays so, and so does what was paid for it."""
    if message.asked_at is None:
        return outcome
    delivery = "unknown" if outcome.receipt == "no_credit" else outcome.delivery
    money = "kept" if outcome.money == "back" else outcome.money
    return replace(outcome, delivery=delivery, money=money, unasked=False)


def back(message: Message) -> Literal["back", "kept"]:
    return "back" if message.paid and message.asked_at is None else "kept"


def _held(message: Message) -> dict[str, Any]:
    return {"_id": message.id, "fence": message.fence}


async def _overtaken(tx: Tx, message: Message) -> bool:
    """What has waited is not told when something newer about the same is: the inbox has both."""
    if message.case_no is None or message.importance == "urgent" or message.asked_at is not None:
        return False
    newer = {
        "resident_id": message.resident_id,
        "at": {"$gt": message.at},
        "template": message.template,
        "case_no": message.case_no,
        "delivery": {"$in": ["queued", "sent"]},
    }
    return await tx.first(MESSAGES, newer) is not None
