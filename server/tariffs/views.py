"""Tariffs as they are shown, compared and tried."""

from datetime import timedelta

from schemas.service_versions import FieldChange
from schemas.tariffs import Fare, NewTariff, TariffsView, TariffView, TryTariff
from server.kit.db import Reader
from server.kit.errors import Invalid
from server.sessions import Actor
from server.tariffs.fares import fare
from server.tariffs.stored import RIDE, VERSIONS, Tariff
from server.tariffs.words import terms


class SurchargeTwice(Invalid):
    """两项加价的名称一样，请写成不同的名称"""


def check(body: NewTariff) -> None:
    """Raises SurchargeTwice."""
    names = [one.name for one in body.surcharges]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise SurchargeTwice(field=f"surcharges[{number}].name")


def listed(reader: Reader, actor: Actor) -> TariffsView:
    """Every version, the newest first."""
    return TariffsView(items=[view(reader, one, actor) for one in VERSIONS.all(reader, RIDE)])


def view(reader: Reader, one: Tariff, actor: Actor) -> TariffView:
    return TariffView(
        version=VERSIONS.view(reader, one, actor),
        tariff=one.body,
        lines=[f"{name}：{said}" for name, said in terms(one.body).values()],
    )


def tried(reader: Reader, one: Tariff, ride: TryTariff) -> Fare:
    """What a ride costs by this version, whether or not it is in force."""
    return fare(
        one,
        metres=ride.metres,
        at=ride.at or reader.now,
        seconds_waited=int(timedelta(minutes=ride.waited_minutes).total_seconds()),
        wheelchair=ride.wheelchair,
        helper=ride.helper,
        scheduled=ride.scheduled,
    )


def compared(before: NewTariff, after: NewTariff) -> list[FieldChange]:
    """The fields that differ, also those that are gone."""
    old, new = terms(before), terms(after)
    changes = [
        FieldChange(
            field=name, label=label, before=old.get(name, ("", ""))[1], after=new.get(name, ("", ""))[1]
        )
        for name, (label, _) in (old | new).items()
    ]
    return [one for one in changes if one.before != one.after]
