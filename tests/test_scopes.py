"""Each role sees exactly its scope: every page of the console and every verb of the API, as each role of one half of a
street, on what is its own half's and what is the other's.

`REACHES` says for each address whose it is; a route that no row covers fails here, so a new one must be placed:

    "/v1/things*": Reach("case", …)      # everything that begins so; the longest row counts

What a reach means for each role is in `THEIRS`. What needs a body, a query or a placeholder of its own to be more than
badly asked has it in `BODIES`, `QUERIES`, `FILLS`.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from msgspec import Struct
from tornado.httpclient import HTTPRequest

from handlers.base import ANYONE, Plan, endpoints
from handlers.page import Page
from tests.browser import sealed
from tests.sides import ROLES, Side, crew_of, make_side
from tests.world import Reply, World

SEES_ALL = frozenset({"operator", "reviewer", "dispatcher", "admin"})
"""Roles of the whole street, for cases."""
ON_CASES = SEES_ALL | {"clerk", "elder_team", "provider", "worker"}
STREET_BUSINESS = frozenset({"dispatcher", "reviewer", "accountant", "admin"})
GOES_ON = (302, 303)


class Reach(Struct, frozen=True):
    """Whose an address is. `kind` is a word of THEIRS, or

    - `everybody`: the same for all who are let in, with nothing of anybody's in it;
    - `mine`: a list, or what is one's own; it is there for all who are let in and shows nothing from the other half;
    - `stream`: is told of changes as they are made (tests/test_console_live.py looks at whose).

    `absent` is what is let in and asks for what is not there at all in this test; `other` lets roles have the other
    half's too, with the reason beside the row.
    """

    kind: str
    absent: bool = False
    other: frozenset[str] = frozenset()


THEIRS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    # kind: whose own half's it is, and who also has the other half's
    "case": (ON_CASES, SEES_ALL),
    "work": (frozenset({"dispatcher", "admin", "provider"}), frozenset({"dispatcher", "admin"})),
    "provider": (STREET_BUSINESS | {"provider"}, STREET_BUSINESS),
    "roster": (
        frozenset({"dispatcher", "admin", "provider", "worker"}),
        frozenset({"dispatcher", "admin"}),
    ),
    "resident": (frozenset({"operator", "clerk"}), frozenset({"operator"})),
    "offer": (frozenset({"worker"}), frozenset()),
    "line": (ON_CASES - {"worker"}, SEES_ALL),
    "announcement": (frozenset({"operator", "admin", "clerk"}), frozenset({"operator", "admin"})),
    "call": (frozenset({"operator", "admin", "clerk"}), frozenset({"operator", "admin"})),
    "person": (frozenset({"admin"}), frozenset({"admin"})),
    "nobody": (frozenset(), frozenset()),
}

REACHES: Mapping[str, Reach] = {
    # The console: lists, and what is one's own
    "/console": Reach("mine"),
    "/console/ahead": Reach("mine"),
    "/console/approvals": Reach("mine"),
    "/console/approvals/board": Reach("mine"),
    "/console/approvals/delegations": Reach("mine"),
    "/console/approvals/delegations/{delegation_id}": Reach("everybody", absent=True),
    "/console/approvals/faults*": Reach("mine"),
    "/console/approvals/new": Reach("mine"),
    "/console/audit": Reach("mine"),
    "/console/announcements": Reach("mine"),
    "/console/bundles": Reach("everybody"),
    "/console/bundles/new": Reach("everybody"),
    "/console/bundles/{bundle_id}*": Reach("everybody", absent=True),
    "/console/calendar": Reach("everybody"),
    "/console/calendar/load": Reach("everybody"),
    "/console/certificates": Reach("mine"),
    "/console/day": Reach("mine"),
    "/console/dispatch": Reach("mine"),
    "/console/driver*": Reach("mine"),
    "/console/export": Reach("mine"),
    "/console/return-calls": Reach("mine"),
    "/console/return-calls/hand-over": Reach("mine"),
    "/console/return-calls/{call_id}/{action}": Reach("resident"),
    "/console/rides": Reach("everybody"),
    "/console/rides/fairness": Reach("everybody"),
    "/console/rides/{case_no}/choices": Reach("everybody", absent=True),
    "/console/fairness": Reach("mine"),
    "/console/handover": Reach("mine"),
    "/console/list": Reach("mine"),
    "/console/live": Reach("stream"),
    "/console/me": Reach("mine"),
    "/console/items": Reach("everybody"),
    "/console/items/{code}*": Reach("everybody", absent=True),
    "/console/notices": Reach("mine"),
    "/console/offers": Reach("mine"),
    "/console/outbox*": Reach("mine"),
    "/console/push-figures*": Reach("everybody"),
    "/console/message-templates*": Reach("everybody"),
    "/console/message-templates/{name}": Reach("everybody", absent=True),
    "/console/pos-files": Reach("everybody"),
    "/console/pos-files/{file_id}*": Reach("everybody", absent=True),
    "/console/pay-checks": Reach("everybody"),
    "/console/pay-checks/{day}*": Reach("everybody", absent=True),
    "POST /console/pay-checks/{day}": Reach("everybody"),
    "/console/bills": Reach("mine"),
    "/console/bills/new": Reach("mine"),
    "POST /console/bills/new": Reach("resident"),
    "/console/bills/{bill_id}*": Reach("everybody", absent=True),
    "/console/ledger": Reach("everybody"),
    "/console/ledger/account": Reach("everybody", absent=True),
    "/console/ledger/book": Reach("everybody"),
    "/console/ledger/check": Reach("everybody"),
    "/console/ledger/transfer": Reach("everybody", absent=True),
    "/console/payees": Reach("everybody"),
    "/console/payees/{payee_id}*": Reach("everybody", absent=True),
    "/console/payments": Reach("everybody"),
    "/console/payments/refusals": Reach("everybody"),
    "/console/payments/{payment_id}*": Reach("everybody", absent=True),
    "/console/refunds": Reach("everybody"),
    "/console/refunds/{refund_id}*": Reach("everybody", absent=True),
    "/console/providers": Reach("mine"),
    "/console/rates": Reach("everybody"),
    "/console/rates/campaigns": Reach("everybody"),
    "/console/rates/new": Reach("everybody"),
    "/console/rates/{number}*": Reach("everybody", absent=True),
    "/console/fee-rules": Reach("everybody"),
    "/console/fee-rules/{mode}/new": Reach("everybody"),
    "/console/fee-rules/{mode}/{number}*": Reach("everybody", absent=True),
    "/console/tariffs": Reach("everybody"),
    "/console/tariffs/new": Reach("everybody"),
    "/console/tariffs/{number}*": Reach("everybody", absent=True),
    "/console/residents": Reach("mine"),
    "/console/rosters": Reach("mine"),
    "/console/role-changes": Reach("mine"),
    "/console/role-rules": Reach("mine"),
    "/console/services": Reach("mine"),
    "/console/settlements": Reach("everybody"),
    "/console/settlements/differences": Reach("everybody"),
    "/console/settlements/files": Reach("everybody"),
    "/console/settlements/{batch_id}*": Reach("everybody", absent=True),
    "/console/settlements/differences/{difference_id}*": Reach("everybody", absent=True),
    "/console/settlements/files/{file_id}*": Reach("everybody", absent=True),
    "/console/services/new": Reach("mine"),
    "/console/staff": Reach("mine"),
    "/console/tags": Reach("everybody"),
    "/console/tags/{tag_id}*": Reach("everybody", absent=True),
    "/console/terminals": Reach("everybody"),
    "/console/tickets": Reach("mine"),
    "/console/tickets/{case_no}*": Reach("everybody", absent=True),
    "/console/terminals/{terminal_id}*": Reach("everybody", absent=True),
    "/console/statistics*": Reach("mine"),
    # The console: one thing
    "/console/cases/{case_no}*": Reach("case"),
    "/console/approvals/{case_no}*": Reach("everybody", absent=True),
    "/console/announcements/{announcement_id}*": Reach("announcement"),
    "/console/dispatch/{case_no}": Reach("work"),
    "/console/offers/{offer_id}*": Reach("offer"),
    "/console/providers/{provider_id}*": Reach("provider"),
    "/console/residents/{resident_id}*": Reach("resident"),
    "/console/rosters/{worker_id}*": Reach("roster"),
    "/console/services/{service_id}*": Reach("work"),
    "/console/staff/{userid}*": Reach("person"),
    "/console/role-changes/{proposal_id}*": Reach("nobody"),
    "/console/role-rules/{action}": Reach("everybody"),
    "/console/me/sessions/{session_id}/end": Reach("nobody"),
    # The console: in, out, and what is not there
    "/console/login": Reach("everybody"),
    "/console/callback": Reach("everybody", absent=True),
    "/console/logout": Reach("everybody"),
    "/console/me/sessions/end-all": Reach("everybody"),
    "/console/{name}": Reach("everybody", absent=True),
    # The API: lists, and what is one's own
    "/v1/audit": Reach("mine"),
    "/v1/cases": Reach("mine"),
    "/v1/certificates": Reach("mine"),
    "/v1/certificates/risks": Reach("mine"),
    "/v1/delegations": Reach("mine"),
    "/v1/delegations/{delegation_id}/revoke": Reach("nobody"),
    "/v1/dispatch": Reach("mine"),
    "/v1/dispatch/day": Reach("mine"),
    "/v1/dispatch/fairness": Reach("mine"),
    "/v1/offers": Reach("mine"),
    "/v1/outbox*": Reach("mine"),
    "/v1/push-figures*": Reach("everybody"),
    "/v1/pauses*": Reach("everybody"),
    "/v1/message-templates*": Reach("everybody"),
    "/v1/driver/position": Reach("mine"),
    "/v1/plans": Reach("mine"),
    "/v1/providers": Reach("mine"),
    "/v1/residents": Reach("mine"),
    "/v1/rosters": Reach("mine"),
    "/v1/sessions*": Reach("mine"),
    "/v1/staff/*": Reach("mine"),
    "/v1/statistics*": Reach("mine"),
    "/v1/directory*": Reach("mine"),
    "/v1/role-proposals": Reach("mine"),
    "/v1/role-rules*": Reach("mine"),
    "/v1/staff-members": Reach("mine"),
    "/v1/staff-sessions": Reach("mine"),
    "/v1/service-versions": Reach("mine"),
    "/v1/return-calls": Reach("mine"),
    "/v1/return-calls/hand-over": Reach("mine"),
    "/v1/return-calls/{call_id}*": Reach("call"),
    "/v1/staff-announcements": Reach("mine"),
    "/v1/waitlist": Reach("mine"),
    # The API: one thing
    "/v1/cases/{case_no}*": Reach("case"),
    "/v1/cases/{case_no}/candidates": Reach("work"),
    "/v1/cases/{case_no}/dispatch": Reach("work"),
    "/v1/certificates/{certificate_id}*": Reach("work"),
    "/v1/offers/{offer_id}*": Reach("offer"),
    "/v1/plans/{plan_id}*": Reach("line"),
    "/v1/providers/{provider_id}*": Reach("provider"),
    "/v1/residents/{resident_id}*": Reach("resident"),
    "/v1/rosters/{worker_id}": Reach("roster"),
    "/v1/services/{service_id}/retirement": Reach("work"),
    "/v1/services/{service_id}/versions*": Reach("work"),
    "/v1/role-proposals/{proposal_id}*": Reach("nobody"),
    "/v1/staff-announcements/{announcement_id}*": Reach("announcement"),
    "/v1/comments/{comment_id}*": Reach("announcement"),
    "DELETE /v1/comments/{comment_id}": Reach("nobody"),
    "/v1/broadcasts/{broadcast_id}*": Reach("announcement"),
    "/v1/staff-members/{userid}*": Reach("person"),
    "/v1/waitlist/{waiting_id}": Reach("line"),
    "DELETE /v1/sessions/{session_id}": Reach("nobody"),
    # What is made for somebody, or about something
    "POST /v1/certificates": Reach("work"),
    "POST /v1/complaints": Reach("resident"),
    "POST /v1/approvals": Reach("resident"),
    "POST /v1/bills": Reach("resident"),
    "POST /v1/bookings": Reach("resident"),
    "POST /v1/bundles": Reach("resident"),
    "/v1/passengers": Reach("resident", absent=True),
    "/v1/tickets/{case_no}/travellers": Reach("work", absent=True),
    "POST /v1/passengers": Reach("resident"),
    "/v1/passengers/{passenger_id}": Reach("nobody"),
    "POST /v1/plans": Reach("resident"),
    "POST /v1/point-cards": Reach("resident"),
    "POST /v1/point-cards/codes": Reach("resident"),
    "POST /v1/tickets": Reach("resident", absent=True),
    "POST /v1/waitlist": Reach("resident"),
    # The same for everybody
    "/v1/bundles": Reach("everybody"),
    "/v1/bundles/{bundle_id}": Reach("everybody", absent=True),
    "/v1/fee-rules/{mode}": Reach("everybody"),
    "/v1/fee-rules/{mode}/{number}*": Reach("everybody", absent=True),
    "/v1/fee-rules/{mode}/current/fee": Reach("everybody"),
    "/v1/items*": Reach("everybody"),
    "/v1/items/{code}*": Reach("everybody", absent=True),
    "/pay/notify": Reach("nobody"),
    "/v1/passengers/id-kinds": Reach("everybody"),
    "/v1/payees": Reach("everybody"),
    "/v1/places": Reach("everybody"),
    "/v1/points/preview": Reach("everybody"),
    "/v1/landmarks": Reach("everybody"),
    "/v1/tariffs": Reach("everybody"),
    "/v1/tariffs/current/fare": Reach("everybody"),
    "/v1/tariffs/{number}*": Reach("everybody", absent=True),
    "/v1/points/rates": Reach("everybody"),
    "/v1/points/rates/{number}*": Reach("everybody", absent=True),
    "/v1/pos/swipes": Reach("nobody"),
    "/v1/pos/files": Reach("everybody"),
    "/v1/pos/files/{file_id}*": Reach("everybody", absent=True),
    "/v1/progress": Reach("everybody"),
    "/v1/driver": Reach("mine"),
    "/v1/driver/duty": Reach("everybody"),
    "/v1/driver/earnings": Reach("mine"),
    "/v1/drivers": Reach("mine"),
    "/v1/drivers/{driver_id}/vehicle": Reach("everybody", absent=True),
    "/v1/ride-estimates": Reach("everybody"),
    "/v1/ride-offers": Reach("mine"),
    "/v1/ride-offers/{offer_id}*": Reach("everybody", absent=True),
    "/v1/rides": Reach("resident"),
    "/v1/rides/fairness": Reach("everybody"),
    "/v1/rides/{case_no}/choices": Reach("everybody", absent=True),
    "/v1/rides/{case_no}/drivers": Reach("everybody", absent=True),
    "/v1/rides/{case_no}/live": Reach("everybody", absent=True),
    "/v1/rides/{case_no}/position": Reach("everybody", absent=True),
    "/v1/ride-shares/{token}": Reach("everybody", absent=True),
    "/v1/pay-checks": Reach("everybody"),
    "/v1/pay-checks/{day}*": Reach("everybody", absent=True),
    "POST /v1/pay-checks/{day}/run": Reach("everybody"),
    "/v1/pay-differences/{difference_id}*": Reach("everybody", absent=True),
    "/v1/refunds": Reach("everybody"),
    "/v1/settlement-aging": Reach("everybody"),
    "/v1/settlement-differences": Reach("everybody"),
    "/v1/settlement-differences/{difference_id}*": Reach("everybody", absent=True),
    "/v1/settlement-files": Reach("everybody"),
    "/v1/settlement-files/{file_id}*": Reach("everybody", absent=True),
    "/v1/settlement-receipts/{receipt_id}*": Reach("everybody", absent=True),
    "/v1/settlements": Reach("everybody"),
    "/v1/settlements/{batch_id}*": Reach("everybody", absent=True),
    "/v1/refunds/{refund_id}*": Reach("everybody", absent=True),
    "/v1/services*": Reach("everybody"),
    "/v1/tags": Reach("everybody"),
    "/v1/tags/{tag_id}*": Reach("everybody", absent=True),
    "/v1/workdays": Reach("everybody"),
    "/docs": Reach("everybody"),
    "/openapi.json": Reach("everybody"),
    "/health/*": Reach("everybody"),
    "/metrics": Reach("everybody"),
    "/files/{file_id}": Reach("everybody", absent=True),
    "/documents/{document_id}": Reach("everybody", absent=True),
    "/slips/{slip_id}": Reach("everybody", absent=True),
    "/r/{token}": Reach("everybody", absent=True),
    "/verify/{code}": Reach("everybody", absent=True),
    "/static/{name}": Reach("everybody", absent=True),
    "/wecom/callback": Reach("everybody", absent=True),
    "/wechat/callback": Reach("everybody", absent=True),
    "/sms/report": Reach("everybody", absent=True),
    # Residents alone
    "/v1/me*": Reach("nobody"),
    "/v1/inbox*": Reach("nobody"),
    "/v1/announcements*": Reach("nobody"),
    "/v1/points": Reach("nobody"),
    "/v1/points/entries*": Reach("nobody"),
    "/v1/points/months": Reach("nobody"),
    "/v1/points/statements/*": Reach("nobody"),
    "/v1/points/card/*": Reach("nobody"),
    "/v1/auto-pay*": Reach("nobody"),
    "/v1/bill-accounts*": Reach("nobody"),
    "/v1/bills*": Reach("nobody"),
    "/v1/payments*": Reach("nobody"),
    "/v1/proxies*": Reach("nobody"),
    "/v1/rides/{case_no}/shares": Reach("nobody"),
    "/v1/subscriptions": Reach("nobody"),
    "/v1/topics": Reach("nobody"),
}

FILLS: Mapping[str, Mapping[str, str]] = {
    "/v1/services/{service_id}/versions/{number}": {"number": "first"},
    "/console/services/{service_id}/versions/{number}": {"number": "first"},
    "/console/dispatch/{case_no}": {"case_no": "dispatched"},
    "/v1/cases/{case_no}/dispatch": {"case_no": "dispatched"},
    "/v1/cases/{case_no}/candidates": {"case_no": "dispatched"},
}
"""Which of a half's things a placeholder stands for, where it is not the one of its name."""

WORDS: Mapping[str, str] = {
    "action": "cancel",
    "mode": "train",
    "answer": "decline",
    "name": "visit",
    "step": "pause",
    "bundle_id": "nothing",
    "file_id": "nothing",
    "document_id": "nothing",
    "slip_id": "nothing",
    "code": "nothing",
    "proposal_id": "nothing",
    "queue": "messages",
    "token": "nothing",
}
ACTIONS: Mapping[str, str] = {
    "/console/providers/{provider_id}/{action}": "draft-prices",
    "/console/rates/{number}/{action}": "return",
    "/console/fee-rules/{mode}/{number}/{action}": "return",
    "/console/tariffs/{number}/{action}": "return",
    "/console/residents/{resident_id}/card/{action}": "freeze",
    "/console/return-calls/{call_id}/{action}": "take",
    "/console/role-rules/{action}": "add",
    "/console/services/{service_id}/versions/{number}/{action}": "withdraw",
    "/console/staff/{userid}/{action}": "propose",
    "/v1/residents/{resident_id}/card/{action}": "freeze",
    "/console/terminals/{terminal_id}/{action}": "off",
}

QUERIES: Mapping[str, Mapping[str, str]] = {
    "/v1/tariffs/current/fare": {"metres": "5700"},
    "/v1/tariffs/{number}/fare": {"metres": "5700"},
    "/v1/points/preview": {"category": "grocery", "amount_fen": "12850"},
    "/v1/fee-rules/{mode}/current/fee": {"face_fen": "15500", "depart_at": "{start}"},
    "/v1/fee-rules/{mode}/{number}/fee": {"face_fen": "15500", "depart_at": "{start}"},
    "/v1/residents": {"phone": "{phone}"},
    "/v1/services/{service_id}/slots": {"from": "{day}"},
    "/v1/dispatch/fairness": {"provider_id": "{provider_id}"},
    "/console/fairness": {"provider_id": "{provider_id}"},
    "/console/residents": {"phone": "{phone}"},
}

PROBES: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("/v1/cases", {"q": "{case_no}"}),
    ("/v1/cases", {"q": "{phone}"}),
    ("/console", {"q": "{case_no}"}),
    ("/console/list", {"q": "{phone}"}),
    ("/v1/certificates", {"owner_id": "{worker_id}"}),
    ("/v1/dispatch", {"provider_id": "{provider_id}"}),
    ("/v1/dispatch/fairness", {"provider_id": "{provider_id}"}),
    ("/console/fairness", {"provider_id": "{provider_id}"}),
    ("/v1/rosters", {"provider_id": "{provider_id}"}),
    ("/v1/residents", {"phone": "{phone}"}),
    ("/v1/passengers", {"resident_id": "{resident_id}"}),
    ("/console/residents", {"phone": "{phone}"}),
)
"""Lists, asked for what is the other half's by its name."""

REASON = {"reason": "试一试"}
TEXTS = {"title": "停水通知", "text": "明天上午停水。"}
CERTIFICATE = {"number": "15272319500101123443", "level": 3, "valid_until": "{day}"}
SERVICE = {
    "name": "日常保洁",
    "category": "cleaning",
    "summary": "两小时",
    "mode": "slot",
    "pool_id": "nothing",
    "duration_min": 60,
    "weekly": [[[480, 1080]]] * 7,
}
_WAY: Mapping[str, Any] = {
    "pickup": {"spot": {"lng": 109.98, "lat": 39.82}, "text": "小区东门"},
    "dropoff": {"spot": {"lng": 109.98, "lat": 39.85}, "text": "火车站"},
}
BODIES: Mapping[str, Any] = {
    "POST /v1/driver/duty": {"on": False},
    "POST /v1/drivers/{driver_id}/vehicle": {"plate": "蒙K12345", "model": "大众朗逸", "colour": "白色"},
    "POST /v1/ride-estimates": _WAY,
    "POST /v1/ride-offers/{offer_id}/decline": {"reason": "far"},
    "POST /v1/rides": {**_WAY, "resident_id": "{resident_id}"},
    "PUT /v1/driver/position": {"spot": {"lng": 109.98, "lat": 39.82}},
    "POST /console/bills/new": {"resident_id": "{resident_id}"},
    "POST /v1/pay-differences/{difference_id}/resolve": REASON,
    "POST /v1/pay-differences/{difference_id}/return": REASON,
    "POST /v1/settlements": {"through": "2026-01-01"},
    "POST /v1/settlements/{batch_id}/confirm": {"answer": "0" * 64},
    "POST /v1/settlements/{batch_id}/receipts": {"reference": "1", "amount_fen": 1, "day": "2026-01-01"},
    "POST /v1/settlement-receipts/{receipt_id}/return": REASON,
    "POST /v1/settlement-differences/{difference_id}/note": {"text": "试一试"},
    "POST /v1/settlement-differences/{difference_id}/resolve": REASON | {"how": "ours"},
    "POST /v1/settlement-differences/{difference_id}/decline": REASON,
    "POST /v1/refunds": REASON | {"payment_id": "nobody", "pay_fen": 100},
    "POST /v1/refunds/{refund_id}/decline": REASON,
    "POST /v1/refunds/{refund_id}/hand": REASON,
    "POST /v1/approvals": {"item_id": "nothing", "resident_id": "{resident_id}"},
    "POST /v1/bills": {
        "resident_id": "{resident_id}",
        "payee_id": "nobody",
        "account_no": "1",
        "period": "2026-11",
        "amount_fen": 100,
        "due": "{day}",
    },
    "POST /v1/bookings": {"service_id": "{service_id}", "start": "{start}", "resident_id": "{resident_id}"},
    "POST /v1/bundles": {
        "bundle_id": "moving",
        "resident_id": "{resident_id}",
        "parts": [{"part": "care", "service_id": "{service_id}", "start": "{start}"}],
    },
    "POST /v1/plans": {
        "service_id": "{service_id}",
        "weekdays": [1],
        "time": "10:00",
        "weeks": 4,
        "resident_id": "{resident_id}",
    },
    "POST /v1/passengers": {
        "name": "某某",
        "id_kind": "passport",
        "id_no": "E12345678",
        "resident_id": "{resident_id}",
    },
    "POST /v1/fee-rules/{mode}": {
        "valid_from": "2099-01-01",
        "tables": [
            {
                "name": "所有席别",
                "refund": [{"minutes": 0, "permyriad": 2000}],
                "change": [{"minutes": 0, "permyriad": 0}],
            }
        ],
    },
    "POST /v1/fee-rules/{mode}/{number}/return": REASON,
    "POST /v1/tickets/{case_no}/travellers": {"reason": "callback"},
    "POST /v1/tickets": {
        "mode": "train",
        "origin": "东胜西",
        "destination": "包头",
        "day": "{day}",
        "alternatives": [{"number": "D6701", "seat_class": "second"}],
        "ceiling_fen": 10000,
        "buy_by": "{start}",
        "passenger_ids": ["nobody"],
        "resident_id": "{resident_id}",
    },
    "POST /v1/waitlist": {"service_id": "{service_id}", "start": "{start}", "resident_id": "{resident_id}"},
    "POST /v1/cases/{case_no}/{action}": REASON,
    "POST /v1/cases/{case_no}/messages": {"text": "试一试"},
    "POST /v1/cases/{case_no}/notes": {"text": "试一试"},
    "POST /v1/cases/{case_no}/clocks/{name}/extension": REASON | {"amount": 1},
    "POST /v1/cases/{case_no}/clocks/{name}/extension/refuse": REASON,
    "POST /v1/cases/{case_no}/clocks/{name}/pause": REASON | {"owner": "resident"},
    "POST /v1/certificates": {
        "owner_id": "{worker_id}",
        "kind": "health",
        "number": "B7654321",
        "issuer": "疾控中心",
        "valid_until": "{day}",
    },
    "POST /v1/certificates/{certificate_id}/approve": {"version": 1},
    "POST /v1/certificates/{certificate_id}/return": REASON | {"version": 1},
    "POST /v1/complaints": {"case_no": "{case_no}", "reason": "late", "text": "一直没有人来"},
    "POST /v1/offers/{offer_id}/decline": {"reason": "far"},
    "POST /v1/plans/{plan_id}/skips": {"date": "{day}"},
    "POST /v1/point-cards": {
        "resident_id": "{resident_id}",
        "number": "622199000000000001",
        "name": "某某",
        "phone": "{phone}",
    },
    "POST /v1/points/rates": {
        "valid_from": "{later}",
        "rates": [{"category": "grocery", "name": "超市", "permyriad": 50}],
    },
    "POST /v1/points/rates/{number}/return": REASON,
    "POST /v1/tariffs": {
        "valid_from": "{later}",
        "base_fen": 700,
        "base_metres": 2500,
        "per_km_fen": 180,
    },
    "POST /v1/tariffs/{number}/return": REASON,
    "POST /v1/point-cards/codes": {
        "resident_id": "{resident_id}",
        "number": "622199000000000003",
        "name": "某某",
        "phone": "{phone}",
    },
    "POST /v1/residents/{resident_id}/card/{action}": REASON,
    "POST /v1/residents/{resident_id}/card/replace": {"number": "622199000000000002"},
    "POST /v1/providers/{provider_id}/price-lists": {
        "valid_from": "{later}",
        "prices": [{"service_id": "{service_id}", "unit": "hour", "amount_fen": 100}],
    },
    "POST /v1/providers/{provider_id}/services": {
        "service": SERVICE,
        "price": {"unit": "hour", "amount_fen": 100},
    },
    "POST /v1/services/{service_id}/retirement": REASON | {"since": 1},
    "POST /v1/services/{service_id}/versions": {"since": 1, "service": SERVICE},
    "POST /v1/comments/{comment_id}/answer": {"text": "谢谢您的建议"},
    "POST /v1/comments/{comment_id}/hide": REASON,
    "POST /v1/staff-announcements/{announcement_id}/correct": TEXTS | {"note": "改了时间"},
    "POST /v1/staff-announcements/{announcement_id}/edit": TEXTS
    | {"audience": {"kind": "community", "place_id": "{community_id}"}},
    "POST /v1/staff-announcements/{announcement_id}/withdraw": REASON,
    "PUT /v1/residents/{resident_id}/disability": CERTIFICATE,
    "PUT /v1/residents/{resident_id}/tags/{tag_id}": REASON,
    "POST /console/residents/{resident_id}": CERTIFICATE,
    "POST /console/residents/{resident_id}/reveal": {"reason": "callback"},
    "POST /v1/residents/{resident_id}/reveal": {"reason": "callback"},
    "POST /v1/return-calls/{call_id}/outcome": {"outcome": "reached", "version": 1},
    "POST /v1/role-proposals/{proposal_id}/decline": REASON,
    "POST /v1/role-rules": REASON | {"source": "tag", "number": 3, "grant": {"role": "accountant"}},
    "POST /v1/role-rules/removals": REASON | {"rule": "nothing"},
    "POST /v1/staff-members/{userid}/proposals": REASON | {"add": [{"role": "accountant"}]},
    "PUT /v1/rosters/{worker_id}": {"weekly": [[[480, 1080]]] * 7, "version": 0},
}


class Ask(Struct, frozen=True):
    """A verb of an address."""

    method: str
    path: str
    page: bool
    plan: Plan

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


ASKS = [
    Ask(name.upper(), one.path, issubclass(one, Page), plan)
    for one in endpoints()
    for name, plan in one.plans.items()
]


# Filling in.


def reach_of(ask: Ask) -> Reach | None:
    """The row of its own name, of its address, or the longest that its address begins with."""
    for exact in (ask.name, ask.path):
        if exact in REACHES:
            return REACHES[exact]
    begins = [one for one in REACHES if one.endswith("*") and ask.path.startswith(one[:-1])]
    return REACHES[max(begins, key=len)] if begins else None


def placed(ask: Ask) -> Reach:
    reach = reach_of(ask)
    assert reach is not None, ask.name
    return reach


def filled(text: str, side: Side, names: Mapping[str, str] | None = None) -> str:
    """The placeholders of a half put in."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        return side.fills.get((names or {}).get(name, name)) or WORDS.get(name, "nothing")

    return re.sub(r"\{(\w+)\}", put, text)


def address(ask: Ask, side: Side) -> str:
    path = ask.path.replace("{action}", ACTIONS.get(ask.path, "{action}"))
    return filled(path, side, FILLS.get(ask.path))


def body_of(ask: Ask, side: Side) -> Any:
    made = BODIES.get(ask.name, {})
    return msgspec.json.decode(filled(msgspec.json.encode(made).decode(), side)) if made else {}


class Street(Struct):
    """Both halves, and the tokens of the first one's people."""

    own: Side
    other: Side
    tokens: dict[str, str]


_made: dict[str, Street] = {}


async def street(world: World) -> Street:
    """Made once, for all the tests here."""
    if "street" not in _made:
        other = await make_side(world, "乙半边", "13722220002")
        other.fills["phone"] = other.phone
        own = await make_side(world, "甲半边", "13711110001")
        own.fills["phone"] = own.phone
        for side in (own, other):
            side.fills |= {
                "day": world.at(0, days=40)[:10],
                "later": world.at(0, days=5)[:10],
                "start": world.at(10, days=2),
                "first": "1",
            }
            side.fills["session_id"] = hashlib.sha256(side.shop.manager.token.encode()).hexdigest()
        crew = await crew_of(world, own)
        _made["street"] = Street(own, other, {role: one.token for role, one in crew.items()})
    return _made["street"]


async def call(world: World, ask: Ask, token: str, side: Side) -> Reply:
    query = {name: filled(text, side) for name, text in QUERIES.get(ask.path, {}).items()}
    headers = cookie(world, token) if ask.page else {"Authorization": f"Bearer {token}"}
    content: bytes | None = None
    if ask.method != "GET":
        made = body_of(ask, side)
        if ask.page:
            form = {name: str(value) for name, value in (made or {**REASON, "text": "试一试"}).items()}
            content = urlencode(form | {"_xsrf": form_token(world, token)}).encode()
        elif ask.plan.body is not None:
            content = msgspec.json.encode(made)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return await fetch(world, ask.method, address(ask, side), query, headers, content)


async def fetch(
    world: World,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: dict[str, str],
    content: bytes | None = None,
) -> Reply:
    """Without following where it leads."""
    url = f"{world.url}{path}" + (f"?{urlencode(query)}" if query else "")
    request = HTTPRequest(
        url, method, headers, content, follow_redirects=False, allow_nonstandard_methods=True
    )
    answer = await world.client.fetch(request, raise_error=False)
    return Reply(answer.code, answer.headers, answer.body or b"")


def cookie(world: World, token: str) -> dict[str, str]:
    return {"Cookie": f"hoelun_staff={sealed(world, token)}"}


def form_token(world: World, token: str) -> str:
    key = world.house.settings.cookie_key.encode()
    return hmac.new(key, f"form {token}".encode(), hashlib.sha256).hexdigest()


def hidden(role: str, other: Side) -> list[str]:
    """The words that must not reach this role."""
    if role in SEES_ALL:
        return []
    return other.cases if role in STREET_BUSINESS else [*other.cases, *other.business]


def leaks(reply: Reply, words: Iterable[str]) -> list[str]:
    text = reply.body.decode("utf-8", "replace")
    return [one for one in words if one in text or quote(one) in text]


def lets(ask: Ask, role: str) -> bool:
    who = ask.plan.rule.who
    return bool(who & {ANYONE, "staff", role})


async def each(work: Iterable[Any], at_once: int = 8) -> list[str]:
    """What was wrong, of much that is tried, a few at a time."""
    limit, wrong = asyncio.Semaphore(at_once), list[str]()

    async def one(trial: Any) -> None:
        async with limit:
            found = await trial
            if found:
                wrong.append(found)

    await asyncio.gather(*(one(trial) for trial in work))
    return sorted(wrong)


FORMS = frozenset(one.path for one in ASKS if one.page and one.method == "POST")
PLACED = [one for one in ASKS if reach_of(one) is not None]

# The walks.


def test_every_address_is_placed() -> None:
    missing = sorted({ask.name for ask in ASKS if reach_of(ask) is None})
    assert not missing, f"whose is it? Add a row to REACHES: {', '.join(missing)}"
    used = [reach_of(ask) for ask in ASKS]
    idle = [name for name, row in REACHES.items() if not any(row is one for one in used)]
    assert not idle, f"rows that no address needs: {idle}"


def expected(ask: Ask, role: str, theirs: bool) -> set[int]:
    """The statuses that a look may have. The address of a form, typed again, may lead back to its page."""
    reach = placed(ask)
    if not lets(ask, role):
        return {403}
    back = {*GOES_ON} if ask.path in FORMS else set[int]()
    if reach.kind in ("everybody", "mine"):
        return back | ({403, 404, 422} if reach.absent else {200, *GOES_ON})
    own, other = THEIRS[reach.kind]
    there = role in (own if theirs else other | reach.other) and not reach.absent
    return back | ({200} if there else {404})


@pytest.mark.parametrize("pages", [True, False], ids=["console", "api"])
async def test_each_role_reads_what_is_its_own_half_s_and_nothing_of_the_other(
    world: World, pages: bool
) -> None:
    known = await street(world)
    shown: set[str] = set()

    async def look(ask: Ask, role: str, side: Side) -> str:
        reply = await call(world, ask, known.tokens[role], side)
        wanted = expected(ask, role, side is known.own)
        if reply.status not in wanted:
            return f"{ask.name} as {role} on {side.name}: {reply.status}, wanted {sorted(wanted)}"
        if leaks(reply, known.own.cases + known.own.business):
            shown.add(role)
        found = leaks(reply, hidden(role, known.other))
        return f"{ask.name} as {role} on {side.name} shows {found}" if found else ""

    looks = [
        one for one in PLACED if one.method == "GET" and one.page == pages and placed(one).kind != "stream"
    ]
    wrong = await each(
        look(ask, role, side)
        for ask in looks
        for role in ROLES
        for side in ((known.own, known.other) if "{" in ask.path else (known.own,))
    )
    assert not wrong, "\n".join(wrong)
    assert shown >= ON_CASES, "nothing of anybody's was looked at: the walk proves nothing"


async def test_no_list_shows_the_other_half_to_who_asks_for_it_by_name(world: World) -> None:
    known = await street(world)
    paths = {ask.path: ask for ask in ASKS if ask.method == "GET"}

    async def probe(path: str, query: Mapping[str, str], role: str) -> str:
        ask, token = paths[path], known.tokens[role]
        asked = {name: filled(text, known.other) for name, text in query.items()}
        headers = cookie(world, token) if ask.page else {"Authorization": f"Bearer {token}"}
        reply = await fetch(world, "GET", path, asked, headers)
        words = [one for one in hidden(role, known.other) if one not in asked.values()]
        found = leaks(reply, words)
        return f"{path} {asked} as {role} shows {found}" if found or reply.status >= 500 else ""

    wrong = await each(probe(path, query, role) for path, query in PROBES for role in ROLES)
    assert not wrong, "\n".join(wrong)


LEFT_OUT = frozenset({"audit", "sessions", "sweeps", "receipts", "system.profile"})
"""What is written about being asked and refused."""


@asynccontextmanager
async def unchanged(world: World) -> AsyncIterator[None]:
    """Nothing that is stored is another one afterwards."""

    async def picture() -> dict[str, str]:
        handle = world.house.db._handle
        found = {}
        for name in sorted(await handle.list_collection_names()):
            if name in LEFT_OUT:
                continue
            rows = [repr(sorted(one.items())) async for one in handle[name].find().sort("_id", 1)]
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        return found

    before = await picture()
    yield
    after = await picture()
    assert {name for name in before if before[name] != after[name]} == set()


async def test_nobody_changes_what_is_out_of_their_scope(world: World) -> None:
    known = await street(world)

    def out_of_reach(ask: Ask, role: str, side: Side) -> bool:
        reach = placed(ask)
        if not lets(ask, role):
            return True
        if reach.kind not in THEIRS:
            return False
        own, other = THEIRS[reach.kind]
        return role not in (own if side is known.own else other | reach.other)

    async def try_it(ask: Ask, role: str, side: Side) -> str:
        reply = await call(world, ask, known.tokens[role], side)
        wanted = (403, 404) if lets(ask, role) else (403,)
        if reply.status not in wanted:
            return f"{ask.name} as {role} on {side.name}: {reply.status}, wanted one of {wanted}"
        found = leaks(reply, hidden(role, known.other))
        return f"{ask.name} as {role} on {side.name} shows {found}" if found else ""

    changes = [one for one in PLACED if one.method != "GET" and ANYONE not in one.plan.rule.who]
    async with unchanged(world):
        wrong = await each(
            try_it(ask, role, side)
            for ask in changes
            for role in ROLES
            for side in ((known.own, known.other) if "{" in ask.path else (known.other,))
            if out_of_reach(ask, role, side)
        )
        assert not wrong, "\n".join(wrong)
