"""Subscriptions: what residents have answered to WeChat's popup, told by the phone and by WeChat, and how many messages
each may still get."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from schemas.push import Answer, SubscriptionView
from server import credits, ladders
from server.callbacks import Message, hears
from server.config import Settings
from server.credits import CREDITS, credit_id
from server.kit.db import Reader, Tx
from server.push import Template, heard, templates
from server.push.courier import important
from server.residents import Resident

log = structlog.get_logger()
_MOST_DIGITS = 11


def _by_id(settings: Settings) -> dict[str, Template]:
    return {one.template_id(settings): one for one in templates().values()}


async def answered(tx: Tx, resident: Resident, results: Mapping[str, Answer], settings: Settings) -> None:
    """What the phone says that the resident answered to the popup; template ids that are not ours are ignored."""
    known = _by_id(settings)
    for template_id, answer in results.items():
        if template_id in known:
            credit = credit_id(resident.openid, known[template_id].name)
            await credits.answered(tx, credit, answer, "phone", tx.now)


async def listed(reader: Reader, resident: Resident, settings: Settings) -> list[SubscriptionView]:
    """Every template, by the tap at which to ask for it."""
    found = sorted(templates().values(), key=lambda one: (one.moment, one.name))
    ids = [credit_id(resident.openid, one.name) for one in found]
    known = {one.id: one for one in await reader.all(CREDITS, {"_id": {"$in": ids}}, limit=len(ids))}
    views = []
    for template, item_id in zip(found, ids, strict=True):
        credit = known.get(item_id)
        views.append(
            SubscriptionView(
                template_id=template.template_id(settings),
                title=template.title,
                topic=template.topic,
                moment=template.moment,
                credits=credit.count if credit else 0,
                state=credit.state if credit else "unknown",
                long_term=template.name in settings.push.long_term,
            )
        )
    return views


# What WeChat tells.


@hears("wechat", "event", "subscribe_msg_popup_event")
async def popup(tx: Tx, message: Message, rules: Settings) -> None:
    """Somebody answered the popup; also silently, where they have ticked that it shall not come again."""
    for template, item in _items(message, rules):
        answer = item.get("SubscribeStatusString")
        if answer in ("accept", "reject"):
            credit = credit_id(_who(message), template.name)
            await credits.answered(tx, credit, answer, "platform", _at(tx, message))


@hears("wechat", "event", "subscribe_msg_change_event")
async def switched_off(tx: Tx, message: Message, rules: Settings) -> None:
    """Somebody rejected a template in WeChat's settings; an accept there is not told."""
    for template, item in _items(message, rules):
        if item.get("SubscribeStatusString") == "reject":
            credit = credit_id(_who(message), template.name)
            await credits.zero(tx, credit, _at(tx, message), rejected=True)


@hears("wechat", "event", "subscribe_msg_sent_event")
async def sent(tx: Tx, message: Message, rules: Settings) -> None:
    """What became of a message after WeChat had taken it: whoever waits for that word hears it, and where it never
    arrived the inbox says so and it is told otherwise."""
    waited = timedelta(seconds=rules.push.uncertain_s)
    for template, item in _items(message, rules):
        msgid = str(item.get("MsgID") or item.get("MsgId") or "")
        told = await heard.meant(tx, _who(message), template.name, msgid, _at(tx, message))
        await heard.note(tx, waited, told)
        if told is None or not msgid:
            continue
        if str(item.get("ErrorCode") or "0") == "0":
            await heard.confirm(tx, told, msgid)
            continue
        error = f"{item.get('ErrorCode')} {item.get('ErrorStatus') or ''}"[:80]
        log.warning("push.not_delivered", template=template.name, error=error)
        if await heard.deny(tx, told, msgid, error) and important(told):
            await ladders.begin(tx, told)


def _items(message: Message, rules: Settings) -> list[tuple[Template, Mapping[str, Any]]]:
    """Those about templates of ours."""
    known = _by_id(rules)
    items = message.get("List")
    rows = items if isinstance(items, list) else []
    return [(known[str(one.get("TemplateId"))], one) for one in rows if str(one.get("TemplateId")) in known]


def _who(message: Message) -> str:
    return str(message.get("FromUserName") or "")


def _at(tx: Tx, message: Message) -> datetime:
    """The platform's own time, a number or its digits; never later than now."""
    text = str(message.get("CreateTime") or "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return tx.now
    return min(datetime.fromtimestamp(int(text), UTC), tx.now)
