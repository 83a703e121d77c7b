"""A card is taken on the phone, with a code that the window has given out for it.

The window types the number of the card that lies there, with name and telephone; the resident types number and code on
their own phone. The code is good for a short time, for that resident and that card, and a few tries; what is stored of it
is a keyed hash. A wrong try is written down though the request is refused.
"""

import hmac
from datetime import datetime, timedelta

from schemas.point_cards import BindCard, CardCodeView, ClaimCard
from server import audit, point_cards, residents
from server.config import Settings
from server.keeping import Keeping, Whose
from server.kit.chance import chance
from server.kit.db import Collection, Index, Stored, Tx
from server.kit.errors import Conflict, HoelunError, TooMany
from server.kit.vault import Vault
from server.point_cards import PointCard
from server.residents import Resident
from server.sessions import Actor

_DIGITS = 6


class CardCodeWrong(Conflict):
    """卡号或领卡码不对，请对照卡片和窗口给的码再输一次"""


class CardCodeOver(Conflict):
    """领卡码已经失效，请到窗口重新要一个"""


class CardCodesTooMany(TooMany):
    """刚给这位居民发过好几次领卡码，请过一会儿再发"""


class CardCode(Stored, kw_only=True):
    """`id` is the resident: each has one at a time. `given` are the times at which the window gave one out lately,
    `tries` how often the last one was asked for. `code` is empty when it was used."""

    code: str
    number: str
    name: str
    phone: str
    given: list[datetime]
    tries: int = 0
    expires_at: datetime


CARD_CODES: Collection[CardCode] = Collection(
    "card_codes", CardCode, Index(("expires_at",), expire_after_s=0)
)


def _own(whose: Whose) -> list[dict[str, str]]:
    return [{"_id": whose.id}]


KEPT = Keeping(title="领卡码", collection=CARD_CODES, find=_own, hidden=frozenset({"code"}))


async def give_out(
    tx: Tx, wanted: BindCard, holder: Resident, actor: Actor, vault: Vault, rules: Settings
) -> CardCodeView:
    """A code for this card, which the resident takes with it. Raises HolderDiffers, HasCard, CardOfAnother,
    CardCodesTooMany."""
    await point_cards.check_free(tx, wanted, holder)
    span = timedelta(minutes=rules.points.code_minutes)
    before = await tx.get(CARD_CODES, holder.id)
    given = [one for one in before.given if tx.now - one < span] if before else []
    if len(given) >= rules.points.code_most:
        raise CardCodesTooMany(retry_after=(given[0] + span - tx.now).total_seconds())
    code = f"{chance.below(10**_DIGITS):0{_DIGITS}d}"
    made = CardCode(
        id=holder.id,
        code=_hidden(vault, holder.id, code),
        number=wanted.number,
        name=wanted.name,
        phone=wanted.phone,
        given=[*given, tx.now],
        expires_at=tx.now + span,
    )
    await tx.put(CARD_CODES, made)
    audit.note(tx, actor, "window", "card.code", holder.id)
    return CardCodeView(code=f"{code[:3]} {code[3:]}", expires_at=made.expires_at)


def _hidden(vault: Vault, resident_id: str, code: str) -> str:
    return vault.blind(f"card code {resident_id} {code}")


async def count(
    tx: Tx, resident_id: str, wanted: ClaimCard, vault: Vault, rules: Settings
) -> HoelunError | None:
    """Write down that somebody tries; what they are refused with. In a transaction of its own, before the claim."""
    mine = {"_id": resident_id, "code": {"$ne": ""}, "expires_at": {"$gt": tx.now}}
    known = await tx.take(CARD_CODES, mine, {"$inc": {"tries": 1}})
    if known is None or known.tries > rules.points.code_tries:
        return CardCodeOver(field="code")
    if not _right(known, resident_id, wanted, vault):
        left = rules.points.code_tries - known.tries
        said = f"{CardCodeWrong.text}，还可以试 {left} 次" if left else CardCodeOver.text
        return CardCodeWrong(said, field="code") if left else CardCodeOver(field="code")
    return None


def _right(known: CardCode, resident_id: str, wanted: ClaimCard, vault: Vault) -> bool:
    code = _hidden(vault, resident_id, wanted.code.replace(" ", ""))
    return hmac.compare_digest(known.code, code) and known.number == wanted.number


async def claim(tx: Tx, wanted: ClaimCard, actor: Actor, vault: Vault) -> PointCard:
    """The card is the actor's, whose name and telephone still are as the window was told. Raises CardCodeOver,
    CardCodeWrong, HolderDiffers, HasCard, CardOfAnother."""
    known = await tx.get(CARD_CODES, actor.id)
    if known is None or not known.code or known.expires_at <= tx.now:
        raise CardCodeOver(field="code")
    if not _right(known, actor.id, wanted, vault):
        raise CardCodeWrong(field="code")
    holder = await residents.present(tx, actor.id)
    told = BindCard(resident_id=holder.id, number=known.number, name=known.name, phone=known.phone)
    card = await point_cards.bind(tx, told, holder, actor)
    await tx.change(CARD_CODES, {"_id": actor.id}, {"$set": {"code": ""}})
    return card
