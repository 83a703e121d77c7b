"""A bundle written by one and published by another: what it changes, what residents will read, one draft at a time.

A case copies all that it needs of its bundle when it is opened, so a change changes no case that exists.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct, structs

from schemas.bundles import BundleForm, PartForm
from server import audit
from server.bundles.stored import BUNDLES, RULE_TEXTS, Bundle, BundleNotFound, Offer, check
from server.catalogue import CATEGORIES, SERVICES
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Forbidden, Invalid
from server.sessions import Actor

State = Literal["draft", "published", "returned", "withdrawn"]
STATES: dict[State, str] = {
    "draft": "待审核",
    "published": "已生效",
    "returned": "已退回",
    "withdrawn": "已撤回",
}
TONES: dict[State, str] = {"draft": "wait", "published": "done", "returned": "late", "withdrawn": "grey"}
FAULTS = {"provider": "商家", "street": "街道", "resident": "居民自己"}
_SHOWN = 20


class BundleDraftAnswered(Conflict):
    """这一稿已经处理过了，请刷新后再看"""


class BundleDraftWaits(Conflict):
    """这个“一件事”已经有一稿在等审核，请先处理那一稿"""


class BundleOutOfDate(Conflict):
    """您打开以后这个“一件事”已经变了，请刷新后再改"""


class OwnBundleDraft(Forbidden):
    """自己写的要由另一位同事审核"""


class NotTheBundlesAuthor(Forbidden):
    """只有写的人能撤回，请改用“退回”"""


class SameBundle(Invalid):
    """和现在的内容一样，没有要改的"""


class BundleDraft(Stored, kw_only=True):
    """`id` is `bundle|number`; `bundle` is all that it will be, `since` the version that it was written against."""

    bundle_id: str
    number: int
    state: State = "draft"
    open: bool = True
    since: int
    bundle: Bundle
    note: str = ""
    author_id: str
    author: str
    created_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""


BUNDLE_DRAFTS: Collection[BundleDraft] = Collection(
    "bundle_drafts",
    BundleDraft,
    Index(("bundle_id",), unique=True, only={"open": True}),
    Index(("bundle_id", "-number", "-_id")),
    Index(("open", "-created_at", "-_id")),
)


async def draft(
    tx: Tx, bundle_id: str, form: BundleForm, since: int, actor: Actor, note: str = ""
) -> BundleDraft:
    """`since` 0: there is none yet. Raises BadBundle, BundleOutOfDate, SameBundle, BundleDraftWaits."""
    now = await tx.get(BUNDLES, bundle_id)
    if (now.version if now else 0) != since:
        raise BundleOutOfDate
    check(tx, bundle_id, form)
    last = await tx.all(BUNDLE_DRAFTS, {"bundle_id": bundle_id}, limit=1, sort="-number")
    parts = [Offer(**structs.asdict(one)) for one in form.parts]
    wanted = Bundle(id=bundle_id, **(structs.asdict(form) | {"parts": parts}), version=since + 1)
    if now is not None and structs.replace(wanted, version=since) == now:
        raise SameBundle
    number = last[0].number + 1 if last else 1
    made = BundleDraft(
        id=f"{bundle_id}|{number}",
        bundle_id=bundle_id,
        number=number,
        since=since,
        bundle=wanted,
        note=note,
        author_id=actor.id,
        author=actor.name,
        created_at=tx.now,
    )
    try:
        await tx.insert(BUNDLE_DRAFTS, made)
    except Duplicate as error:
        raise BundleDraftWaits from error
    audit.note(tx, actor, "console", "bundle.draft", bundle_id)
    return made


async def publish(tx: Tx, bundle_id: str, number: int, actor: Actor) -> BundleDraft:
    """For whoever asks from now on. Raises BundleNotFound, BundleDraftAnswered, OwnBundleDraft, BundleOutOfDate."""
    made = await _waiting(tx, bundle_id, number)
    if made.author_id == actor.id:
        raise OwnBundleDraft
    now = await tx.get(BUNDLES, bundle_id)
    if (now.version if now else 0) != made.since:
        raise BundleOutOfDate
    await tx.put(BUNDLES, made.bundle)
    return await _answered(tx, made, "published", actor)


async def hand_back(tx: Tx, bundle_id: str, number: int, reason: str, actor: Actor) -> BundleDraft:
    """Raises BundleNotFound, BundleDraftAnswered."""
    return await _answered(tx, await _waiting(tx, bundle_id, number), "returned", actor, reason)


async def take_back(tx: Tx, bundle_id: str, number: int, actor: Actor) -> BundleDraft:
    """By who wrote it. Raises BundleNotFound, BundleDraftAnswered, NotTheBundlesAuthor."""
    made = await _waiting(tx, bundle_id, number)
    if made.author_id != actor.id:
        raise NotTheBundlesAuthor
    return await _answered(tx, made, "withdrawn", actor)


async def _waiting(tx: Tx, bundle_id: str, number: int) -> BundleDraft:
    made = await tx.get(BUNDLE_DRAFTS, f"{bundle_id}|{number}")
    if made is None:
        raise BundleNotFound
    if not made.open:
        raise BundleDraftAnswered
    return made


async def _answered(tx: Tx, made: BundleDraft, state: State, actor: Actor, reason: str = "") -> BundleDraft:
    done = structs.replace(
        made, state=state, open=False, decided_by=actor.id, decided_at=tx.now, reason=reason
    )
    if not await tx.replace(BUNDLE_DRAFTS, done, {"_id": made.id, "open": True}):
        raise BundleDraftAnswered
    audit.note(tx, actor, "console", f"bundle.{state}", made.bundle_id)
    return done


# As they are read.


async def waiting(reader: Reader) -> list[BundleDraft]:
    return await reader.all(BUNDLE_DRAFTS, {"open": True}, limit=_SHOWN, sort="-created_at")


async def of_bundle(reader: Reader, bundle_id: str) -> list[BundleDraft]:
    """The newest first."""
    return await reader.all(BUNDLE_DRAFTS, {"bundle_id": bundle_id}, limit=_SHOWN, sort="-number")


def form_of(bundle: Bundle) -> BundleForm:
    """As it would be filled in."""
    plain = structs.asdict(bundle)
    parts = [PartForm(**structs.asdict(one)) for one in bundle.parts]
    return BundleForm(
        **{name: plain[name] for name in BundleForm.__struct_fields__ if name != "parts"}, parts=parts
    )


class Differs(Struct, frozen=True):
    """One thing as people say it, before and after."""

    label: str
    before: str
    after: str


def compared(reader: Reader, before: Bundle | None, after: Bundle) -> list[Differs]:
    """What a draft changes; all of it where there was nothing."""
    old, new = terms(reader, before) if before else {}, terms(reader, after)
    names = [*new, *(one for one in old if one not in new)]
    return [Differs(one, old.get(one, ""), new.get(one, "")) for one in names if old.get(one) != new.get(one)]


def terms(reader: Reader, bundle: Bundle) -> dict[str, str]:
    names = {one.part: one.name for one in bundle.parts}
    said = {"名称": bundle.name, "介绍": bundle.description or "没有"}
    said |= {f"第 {row} 件": _part(reader, one, names) for row, one in enumerate(bundle.parts, 1)}
    return said | {
        "有一件约不上时": RULE_TEXTS[bundle.if_part_fails],
        "谁的原因取消其余不收费": "、".join(FAULTS[one] for one in bundle.free_after) or "都照收",
        "等居民决定多久": f"{bundle.answer_hours} 小时",
        "排在第几": str(bundle.rank),
        "上架": "在列表里" if bundle.active else "已下架",
    }


def _part(reader: Reader, one: Offer, names: dict[str, str]) -> str:
    services = [reader.recall(SERVICES, each) for each in one.services]
    which = "、".join(each.name for each in services if each)
    if one.category is not None:
        category = reader.recall(CATEGORIES, one.category)
        whole = f"“{category.name if category else one.category}”里任选"
        which = f"{which}，或{whole}" if which else whole
    more = ["必办"] if one.required else []
    more += [one.hint] if one.hint else []
    more += [order_text(one, names)] if one.after else []
    return "；".join([f"{one.name}：{which}", *more])


def order_text(one: Offer, names: dict[str, str]) -> str:
    gap = f" {one.gap_min} 分钟以后" if one.gap_min else "以后"
    return f"排在“{names.get(one.after or '', one.after)}”做完{gap}"
