"""Items as residents read them: from memory, in the version that is in force."""

from datetime import datetime

import msgspec

from schemas.items import (
    FindItems,
    Hint,
    HintView,
    ItemBody,
    ItemCard,
    ItemsView,
    ItemView,
    MaterialView,
    Step,
    StepView,
)
from server import attachments
from server.config import Settings
from server.items import words
from server.items.stored import ITEMS, ItemVersion
from server.kit.clock import today
from server.kit.db import Reader
from server.kit.db.pages import decode_cursor, encode_cursor
from server.residents import Resident


def offered(reader: Reader) -> list[ItemVersion]:
    """Everything that can be applied for now, in the order of the list."""
    found: dict[str, ItemVersion] = {}
    for one in reader.everything(ITEMS).items.values():
        known = found.get(one.code)
        if one.state == "published" and (known is None or known.number < one.number):
            found[one.code] = one
    return sorted(found.values(), key=lambda one: (one.body.rank, one.code))


def listed(reader: Reader, wanted: FindItems) -> ItemsView:
    """By domain and by what is in the name or the summary. Raises BadCursor."""
    found = [one for one in offered(reader) if _is_wanted(one.body, wanted)]
    if wanted.cursor is not None:
        last = decode_cursor(wanted.cursor)
        found = [one for one in found if (one.body.rank, one.code) > last]
    page, more = found[: wanted.limit], len(found) > wanted.limit
    last_one = page[-1] if page else None
    return ItemsView(
        items=[card(one.body) for one in page],
        next=encode_cursor(last_one.body.rank, last_one.code) if more and last_one else None,
    )


def _is_wanted(body: ItemBody, wanted: FindItems) -> bool:
    words_ = f"{body.name} {body.summary} {body.result_name} {body.code}".lower()
    return wanted.domain in (None, body.domain) and wanted.q.strip().lower() in words_


def card(body: ItemBody) -> ItemCard:
    return ItemCard(
        id=body.code,
        code=body.code,
        name=body.name,
        domain=body.domain,
        domain_text=words.DOMAINS[body.domain],
        summary=body.summary,
        limit_text=words.limit_text(body),
        instant=body.instant,
        fee_text=words.fee_text(body),
    )


def view(one: ItemVersion, resident: Resident | None, now: datetime, rules: Settings) -> ItemView:
    """The whole guide, with the hints that fit who is asking."""
    body = one.body
    return ItemView(
        **msgspec.structs.asdict(card(body)),
        version=one.number,
        level=body.level,
        level_text=words.LEVELS[body.level],
        basis=body.basis,
        legal_days=body.legal_days,
        promised_days=body.promised_days,
        visits_text=words.visits_text(body),
        fields=[*body.fields],
        materials=materials(body, now, rules),
        steps=[step_view(each) for each in body.steps],
        hints=[HintView(text=each.text, fits=fits(each, resident, now)) for each in body.hints],
        result_text=words.result_text(body),
        deliveries=body.deliveries,
        guide=body.guide,
    )


def materials(body: ItemBody, now: datetime, rules: Settings) -> list[MaterialView]:
    return [
        MaterialView(
            key=one.key,
            name=one.name,
            required=one.required,
            when_text=words.when_text(body, one.when),
            when={"field": one.when.field, "is": one.when.is_} if one.when else None,
            reusable=one.reusable,
            copies=one.copies,
            copies_text=words.copies_text(one),
            number=one.number,
            sample_url=attachments.link(rules, one.sample, now) if one.sample else "",
            issued_by=one.issued_by,
            hint=one.hint,
        )
        for one in body.materials
    ]


def step_view(step: Step) -> StepView:
    return StepView(
        name=step.name,
        text=words.STEPS[step.name],
        role_text=words.STEP_ROLES[step.role],
        limit_text=words.step_limit(step),
    )


def fits(hint: Hint, resident: Resident | None, now: datetime) -> bool | None:
    """Whether the hint is true of the resident: an age counts as reached in its year. None: nobody can tell."""
    if resident is None:
        return None
    known: list[bool | None] = []
    if hint.min_age is not None or hint.max_age is not None:
        born = resident.birth_year
        age = today(now).year - born if born is not None else None
        known.append(None if age is None else (hint.min_age or 0) <= age <= (hint.max_age or 999))
    if hint.local:
        known.append(True if resident.community_id else None)
    if False in known:
        return False
    return None if not known or None in known else True
