"""Weighing everybody who could do a piece of work: who cannot be asked and why, and how the others compare.

A score is the weighted mean of its parts, out of 100. Each part says what it was made of, so that it can be explained
to whoever asks why somebody else was chosen.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from schemas.dispatch import PartView, ScoredView
from server import catalogue, certificates, places, rosters, scores, slots, staff
from server.cases.kinds import Case
from server.config import Settings
from server.dispatch.stored import Part, Scored, Turn, turns_of
from server.dispatch.work import Job
from server.kit.db import Reader
from server.places import PLACES
from server.staff import STAFF, Staff

PARTS = {"distance": "远近", "waiting": "等活多久", "load": "当天多少活", "rating": "评分"}

SAME_COMPOUND, SAME_COMMUNITY, ELSEWHERE = 1.0, 0.6, 0.0
_MOST_STARS = 5


class Asked(Struct, frozen=True):
    """For whom somebody is looked for, and who will not do it."""

    case: Case
    job: Job
    refused: frozenset[str] = frozenset()


async def weigh(reader: Reader, asked: Asked, rules: Settings) -> list[Scored]:
    """All workers of the case's provider: who can be asked comes first, the best of them at the top.

    Equal scores go by who had fewer turns.
    """
    workers = workers_of(reader, asked.case.provider_id or "")
    ids = [one.id for one in workers]
    busy, turns = await _days(reader, ids, asked.job), await turns_of(reader, ids)
    table = [_scored(reader, one, asked, busy[one.id], turns.get(one.id), rules) for one in workers]
    count = {one: turn.count for one, turn in turns.items()}
    return sorted(
        table, key=lambda one: (bool(one.reasons), -one.score, count.get(one.worker_id, 0), one.worker_id)
    )


def _scored(
    reader: Reader, worker: Staff, asked: Asked, busy: dict[str, int], turn: Turn | None, rules: Settings
) -> Scored:
    free = asked.case.worker_id == worker.id or not any(busy.get(one, 0) for one in asked.job.cells)
    quarters = sum(1 for one in busy.values() if one)
    parts = _parts(reader, worker, asked, quarters, turn, rules)
    return Scored(
        worker_id=worker.id,
        name=worker.name,
        free=free,
        quarters=quarters,
        reasons=refusals(reader, worker, asked, free),
        score=round(sum(one.points for one in parts), 2),
        parts=parts,
    )


def workers_of(reader: Reader, provider_id: str) -> list[Staff]:
    """Everybody who works for this provider, whatever they can do."""
    everybody = reader.everything(STAFF).items.values()
    return [one for one in everybody if one.active and works_for(one, provider_id)]


def works_for(worker: Staff, provider_id: str) -> bool:
    return any(one.role == "worker" and one.provider_id == provider_id for one in worker.grants)


async def _days(reader: Reader, worker_ids: list[str], job: Job) -> dict[str, dict[str, int]]:
    """The quarters of the job's day that each of them has something in."""
    days = {one: slots.day_id(slots.worker_owner(one), job.day) for one in worker_ids}
    found = await reader.all(slots.OCCUPANCY, {"_id": {"$in": list(days.values())}}, limit=len(days) or 1)
    cells = {one.id: one.cells for one in found}
    return {worker_id: cells.get(day, {}) for worker_id, day in days.items()}


def refusals(reader: Reader, worker: Staff, asked: Asked, free: bool) -> list[str]:
    """Why this worker cannot be asked, in words; none: they can."""
    case, job = asked.case, asked.job
    reasons = []
    if not staff.serves(worker, case.provider_id or "", job.category):
        reasons.append(f"不会做“{_category(reader, job)}”")
    reasons += certificates.missing(reader, worker, job.category, job.day, case.provider_id)
    if not rosters.on_shift(reader, worker, job.start, job.end):
        reasons.append("那时不在班")
    if not free:
        reasons.append("那时有活")
    if worker.id in asked.refused:
        reasons.append("已经说过不接这一单")
    return reasons


def _category(reader: Reader, job: Job) -> str:
    category = reader.recall(catalogue.CATEGORIES, job.category)
    return category.name if category else job.category


def _parts(
    reader: Reader, worker: Staff, asked: Asked, quarters: int, turn: Turn | None, rules: Settings
) -> list[Part]:
    own = rules.dispatch
    found = {
        "distance": distance(reader, rosters.home_of(reader, worker), asked.case),
        "waiting": waiting(turn, reader.now, own.waiting_hours),
        "load": load(quarters, own.load_hours),
        "rating": rating(reader, worker, own.unrated_stars),
    }
    return weighted(found, own.weights)


def weighted(found: Mapping[str, tuple[float, str]], weights: Mapping[str, int]) -> list[Part]:
    """The parts that somebody was found to have, of each how good it is from 0 to 1 and why, with their points: all
    together are at most 100."""
    whole = sum(weights.get(name, 0) for name in found) or 1
    return [
        Part(
            name=name,
            fact=fact,
            value=round(value, 4),
            weight=weights.get(name, 0),
            points=round(100 * value * weights.get(name, 0) / whole, 2),
        )
        for name, (value, fact) in found.items()
    ]


def distance(reader: Reader, home_id: str | None, case: Case) -> tuple[float, str]:
    """From where the worker sets out: the same compound, the same community, or farther. An unknown home is far, so
    nobody gains by having none."""
    home = reader.recall(PLACES, home_id) if home_id else None
    if home is None:
        return ELSEWHERE, "不知道从哪里出发"
    if home.id == case.compound_id:
        return SAME_COMPOUND, "同一小区"
    if case.community_id is not None and case.community_id in (home.id, home.parent_id):
        return SAME_COMMUNITY, "同一社区"
    return ELSEWHERE, f"从{places.name_of(reader, home.id)}来"


def waiting(turn: Turn | None, now: datetime, full_hours: int) -> tuple[float, str]:
    """Since the worker was last given work or had their turn."""
    if turn is None:
        return 1.0, "还没有派过活"
    hours = max((now - turn.last_at).total_seconds(), 0) / 3600
    fact = f"{int(hours)} 小时没派活" if hours >= 1 else f"{int(hours * 60)} 分钟没派活"
    return min(hours / full_hours, 1.0), fact


def load(quarters: int, full_hours: int) -> tuple[float, str]:
    """How much of a full day is still free on the day of the visit."""
    hours = quarters * slots.CELL_MIN / 60
    return 1 - min(hours / full_hours, 1.0), f"当天已排 {hours:g} 小时" if quarters else "当天还没有活"


def rating(reader: Reader, worker: Staff, unrated_stars: float) -> tuple[float, str]:
    given = scores.view(reader, scores.worker_key(worker.id))
    if given is None:
        return unrated_stars / _MOST_STARS, "还没有人评分"
    return given.average / _MOST_STARS, f"{given.average:g} 分（{given.count} 人）"


def view(one: Scored) -> ScoredView:
    return ScoredView(
        worker_id=one.worker_id,
        name=one.name,
        reasons=one.reasons,
        score=one.score,
        parts=[view_part(part) for part in one.parts],
        chosen=one.chosen,
    )


def view_part(part: Part) -> PartView:
    return PartView(
        name=part.name,
        text=PARTS.get(part.name, part.name),
        fact=part.fact,
        value=part.value,
        weight=part.weight,
        points=part.points,
    )
