"""The way as a map service says it: asked as documented, remembered for a while, and never waited for in vain."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from schemas.places import Spot
from server.config import Distances
from server.distances import Ways, straight
from server.gateways.maps import MapGateway
from server.kit.clock import SettableClock

RULES = Distances()
MIDDLE = Spot(109.98, 39.82)


class Scripted(httpx.AsyncBaseTransport):
    """Answers what it is given, in order, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.asked = list(answers), list[httpx.Request]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def said(metres: int, seconds: int) -> httpx.Response:
    element = {"distance": metres, "duration": seconds}
    return httpx.Response(200, json={"status": 0, "result": {"rows": [{"elements": [element]}]}})


def asking(*answers: httpx.Response | Exception) -> tuple[Ways, Scripted, SettableClock]:
    clock, service = SettableClock(), Scripted(*answers)
    gateway = MapGateway(replace(RULES, key="a-key"), clock=clock)
    gateway._http = httpx.AsyncClient(transport=service)
    return Ways(RULES, clock, gateway), service, clock


async def test_the_service_is_asked_as_it_documents_and_its_answer_remembered_for_a_while() -> None:
    ways, service, clock = asking(said(1830, 310), said(1830, 480))
    there = Spot(109.99, 39.83)
    first = await ways.way(MIDDLE, there)
    assert (first.metres, first.seconds, first.how) == (1830, 310, "provider")
    assert await ways.way(MIDDLE, there) == first
    asked = service.asked[0].url
    assert (asked.path, asked.params["from"], asked.params["to"]) == (
        "/ws/distance/v1/matrix",
        "39.820000,109.980000",
        "39.830000,109.990000",
    )
    clock.advance(timedelta(minutes=RULES.kept_minutes))
    assert (await ways.way(MIDDLE, there)).seconds == 480
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("nobody there"),
        httpx.ReadTimeout("too slow"),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"status": 120, "message": "too many"}),
        httpx.Response(200, json={"status": 311, "message": "no such key"}),
        httpx.Response(200, json={"status": 0, "result": {"rows": []}}),
    ],
)
async def test_where_the_service_does_not_answer_the_straight_line_stands(answer: Any) -> None:
    ways, _, _ = asking(answer, said(1830, 310))
    there = Spot(109.99, 39.83)
    assert await ways.way(MIDDLE, there) == straight(MIDDLE, there, RULES)
    assert (await ways.way(MIDDLE, there)).how == "provider", "a failure is not remembered"


async def test_a_service_that_keeps_failing_is_left_alone() -> None:
    ways, service, _ = asking(*[httpx.ConnectError("nobody there")] * 5)
    for _ in range(8):
        assert (await ways.way(MIDDLE, Spot(109.99, 39.83))).how == "straight"
    assert len(service.asked) == 5


async def test_without_a_key_nobody_is_asked() -> None:
    ways = Ways(RULES, SettableClock(), None)
    assert (await ways.way(MIDDLE, Spot(109.99, 39.83))).how == "straight"
