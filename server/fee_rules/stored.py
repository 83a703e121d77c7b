"""The versions, trains and planes apart, and which one is in force."""

from datetime import date, datetime, time

from schemas.fee_rules import Mode, NewFeeRules
from server.fee_rules.usual import USUAL
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Reader
from server.versions import Version, Versions, before_all


class FeeRules(Version, kw_only=True):
    """Its series is the mode."""

    body: NewFeeRules


FEE_RULES: Collection[FeeRules] = Collection("fee_rules", FeeRules, whole=True)
VERSIONS: Versions[FeeRules] = Versions(
    FEE_RULES, "fee_rules", {mode: before_all(FeeRules, mode, body) for mode, body in USUAL.items()}
)


def in_force(reader: Reader, mode: Mode, day: date) -> FeeRules:
    """The version by which tickets are given back and changed on that local day."""
    return VERSIONS.in_force(reader, mode, datetime.combine(day, time(12), SHANGHAI))
