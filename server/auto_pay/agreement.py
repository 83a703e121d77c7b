"""The text that residents agree to, by version: a text that anybody has agreed to is never changed, a new one follows."""

import hashlib

from msgspec import Struct

from schemas.auto_pay import AgreementView, LimitView
from server.config import Settings
from server.points import yuan


class Agreement(Struct, frozen=True, kw_only=True):
    version: str
    title: str
    points: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of its words, which is kept with each consent."""
        return hashlib.sha256("\n".join([self.version, self.title, *self.points]).encode()).hexdigest()


AGREEMENTS = (
    Agreement(
        version="2026-11",
        title="积分自动缴费协议",
        points=(
            "只缴这一个户号的账单，只用您自己的积分，不动您的微信钱包和银行卡。",
            "一张账单最多缴多少、一个月最多缴多少，由您来定。超过的不自动缴，会提醒您自己缴。",
            "每次缴之前会提前告诉您，您可以选这次不缴。缴完会再告诉您，并有缴费凭证。",
            "积分够付整张账单时才缴。不够就不缴，只告诉您还差多少，不会欠账。一张账单最多自动缴一次。",
            "您可以随时暂停或停止，马上生效。您的卡挂失或冻结时，不会自动缴。",
            "您同意的时间、额度和协议版本会保存下来，您随时可以看到。",
        ),
    ),
)
CURRENT = AGREEMENTS[-1]


def view_agreement(rules: Settings) -> AgreementView:
    own = rules.auto_pay
    return AgreementView(
        version=CURRENT.version,
        title=CURRENT.title,
        points=list(CURRENT.points),
        bill_limits=[_limit(fen) for fen in own.bill_limits_fen],
        month_limits=[_limit(fen) for fen in own.month_limits_fen],
    )


def _limit(fen: int) -> LimitView:
    return LimitView(fen=fen, text=f"{fen // 100} 元" if fen % 100 == 0 else f"{yuan(fen)} 元")
