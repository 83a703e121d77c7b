"""Two versions of the rates side by side: every field as people say it, and what a purchase earns by each."""

from collections import Counter
from datetime import date

from msgspec import Struct

from schemas.points import Campaign, NewRates, Rate
from schemas.service_versions import FieldChange
from server.points.accrual import Earning, earned_by, yuan
from server.points.rates import RateVersion

ROUNDINGS = {"down": "舍到分", "half_up": "四舍五入到分"}
EVERY = "所有类别"


class Tried(Struct, frozen=True):
    """A purchase of one category by two versions; None where a version does not know the category."""

    name: str
    before: Earning | None
    after: Earning | None


def percent(rate: Rate) -> str:
    """`0.5 %`."""
    return f"{rate.permyriad / 100:g} %"


def terms(body: NewRates) -> dict[str, tuple[str, str]]:
    """By field: its name and what stands there."""
    said = {"valid_from": ("从哪天起", body.valid_from.isoformat())}
    said |= {f"rate {one.category}": (f"{one.name}（{one.category}）", percent(one)) for one in body.rates}
    said |= {
        "rounding": ("不满 1 分钱的", ROUNDINGS[body.rounding]),
        "minimum_fen": ("满多少才积", f"{yuan(body.minimum_fen)} 元" if body.minimum_fen else "不限"),
        "daily_cap_fen": (
            "每人每天最多积",
            f"{yuan(body.daily_cap_fen)} 分" if body.daily_cap_fen else "不限",
        ),
    }
    return said | _campaigns(body)


def _campaigns(body: NewRates) -> dict[str, tuple[str, str]]:
    """A campaign that has only other days is the same one, changed."""
    names, same, said = names_of(body), Counter[str](), {}
    for one in body.campaigns:
        name = f"campaign {one.category or ''} {one.name}"
        same[name] += 1
        said[f"{name} {same[name]}"] = (f"活动“{one.name}”", campaign(one, names))
    return said


def names_of(body: NewRates) -> dict[str, str]:
    return {one.category: one.name for one in body.rates}


def campaign(one: Campaign, names: dict[str, str]) -> str:
    """`超市，2026-12-01 至 2026-12-03，平时的 200 %`."""
    whose = names.get(one.category, one.category) if one.category else EVERY
    return f"{whose}，{one.first} 至 {one.last}，平时的 {one.percent} %"


def compared(before: NewRates | None, after: NewRates) -> list[FieldChange]:
    """The fields that differ, also those that are gone; all of them where there was nothing before."""
    new, old = terms(after), terms(before) if before else {}
    labels = {name: label for name, (label, _) in (old | new).items()}
    changes = [
        FieldChange(
            field=name, label=label, before=old.get(name, ("", ""))[1], after=new.get(name, ("", ""))[1]
        )
        for name, label in labels.items()
    ]
    return [one for one in changes if one.before != one.after]


def tried(before: RateVersion | None, after: RateVersion, amount_fen: int, day: date) -> list[Tried]:
    """A purchase of each category on that day, by both."""
    old = names_of(before.body) if before else {}
    new = names_of(after.body)
    return [
        Tried(
            name,
            earned_by(before, category, amount_fen, day) if category in old else None,
            earned_by(after, category, amount_fen, day) if category in new else None,
        )
        for category, name in (old | new).items()
    ]
