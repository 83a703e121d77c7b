"""The figures as they are shown."""

from datetime import timedelta
from typing import Any

from schemas.push_figures import ErrcodeView, PushAlertView, PushDayView, PushFiguresView, PushTemplateView
from server import errcodes
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader
from server.push import templates
from server.push_figures.judging import alerts, days_since
from server.push_figures.stored import LAST, PUSH_WATCH, PushDay, Sums, by_day, total


async def figures(reader: Reader, days: int, settings: Settings) -> PushFiguresView:
    """The last `days`, today among them."""
    present = today(reader.now)
    rows = await days_since(reader, present - timedelta(days=days - 1))
    watch, sums = reader.recall(PUSH_WATCH, LAST), by_day(rows)
    wanted = [present - timedelta(days=back) for back in reversed(range(days))]
    return PushFiguresView(
        days=[PushDayView(day=day, **_sums(sums.get(f"{day}", Sums()))) for day in wanted],
        templates=_templates(rows),
        alerts=alert_views(reader, settings),
        counted_at=watch.counted_at if watch else None,
    )


def alert_views(reader: Reader, settings: Settings) -> list[PushAlertView]:
    return [PushAlertView(kind=one.kind, text=one.text, since=one.since) for one in alerts(reader, settings)]


def _templates(rows: list[PushDay]) -> list[PushTemplateView]:
    by_name: dict[str, list[Sums]] = {}
    for row in rows:
        by_name.setdefault(row.template, []).append(row.sums)
    known = templates()
    made = [
        PushTemplateView(
            template=name,
            title=known[name].title if name in known else name,
            errors=_errors(sums),
            **_sums(sums),
        )
        for name, sums in ((name, total(parts)) for name, parts in by_name.items())
    ]
    return sorted(made, key=lambda one: (-one.written, one.template))


def _errors(sums: Sums) -> list[ErrcodeView]:
    ordered = sorted(sums.errors.items(), key=lambda one: (-one[1], one[0]))
    return [ErrcodeView(errcode=code, text=_said(code), count=count) for code, count in ordered]


def _said(code: str) -> str:
    return errcodes.said(errcodes.WECHAT, code) or "没有错误号，如网络不通"


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "written": sum(sums.deliveries.values()),
        "sent": sums.count("sent"),
        "no_credit": sums.count("no_credit"),
        "refused": sums.count("refused"),
        "dead": sums.count("dead"),
        "waiting": sums.count("queued"),
        "digest": sums.count("digest"),
        "inbox": sums.count("none", "replaced", "unknown"),
        "read": sums.read,
        "reach": sums.reach,
    }
