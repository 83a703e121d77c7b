"""Those who drive and those who call a car. Each has a chance of their own, so what one does next does not depend on
who was served first."""

import asyncio
import json
from collections import Counter
from random import Random
from typing import Any

from msgspec import Struct, field
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from schemas.places import Spot
from tests.traffic.grid import Grid, apart, driven

TICK_S = 4.0
"""How often a phone reports and looks, in seconds of the street's time."""
SPEED_MPS = 12.0
LONGEST_S = 45 * 60.0
"""After the last call: a ride that is not over then has no end."""
FINAL = frozenset({"completed", "no_driver", "cancelled", "no_show"})
_DECLINES, _LETS_PASS, _GIVES_UP = 0.08, 0.06, 0.04
_CHANGES_MIND, _NEVER_COMES, _CASH = 0.10, 0.04, 0.8


class Unexpected(Exception):
    """An answer that no race explains."""


class Town(Struct, dict=True):
    """Where it is played: `pace` seconds go by in the street in one second; `stop` ends the calls, `over` everything.

    `codes` are what passengers read out to their driver, by case; `told` counts the answers by path and code.
    """

    url: str
    sandbox_url: str
    seed: int
    pace: float = 1.0
    grid: Grid = Grid(6)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    codes: dict[str, str] = {}
    called: list[str] = []
    told: Counter[str] = field(default_factory=Counter)
    client: AsyncHTTPClient = field(
        default_factory=lambda: AsyncHTTPClient(force_instance=True, max_clients=200)
    )

    def chance(self, name: str) -> Random:
        return Random(f"{self.seed} {name}")

    def now(self) -> float:
        return asyncio.get_running_loop().time() * self.pace

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.pace)

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str = "", base: str = ""
    ) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        content = None if method == "GET" else json.dumps(body or {})
        request = HTTPRequest(
            (base or self.url) + path, method=method, headers=headers, body=content, request_timeout=20
        )
        answer = await self.client.fetch(request, raise_error=False)
        found = json.loads(answer.body) if answer.body else None
        if answer.code >= 500 or answer.code in (401, 403):
            raise Unexpected(f"{method} {path}: {answer.code} {found}")
        code = found["error"]["code"] if answer.code >= 400 and found else ""
        self.told[code or "ok"] += 1
        return answer.code, found

    async def control(self, name: str, **body: str) -> str:
        _, found = await self.ask("POST", f"/_control/{name}", body, base=self.sandbox_url)
        return str(found["code"])


class Driver:
    def __init__(self, town: Town, staff_id: str) -> None:
        self.town, self.id, self.token = town, staff_id, ""
        self.chance = town.chance(staff_id)
        self.spot = self.goal = town.grid.crossing(self.chance)
        self.answers: dict[str, float] = {}
        self.moved_at = 0.0
        self.waits_since: float | None = None

    async def sign_in(self) -> None:
        code = await self.town.control("wecom-codes", userid=self.id)
        status, session = await self.town.ask("POST", "/v1/staff-sessions", {"code": code})
        if status != 201:
            raise Unexpected(f"{self.id}: {session}")
        self.token = session["token"]

    async def run(self) -> None:
        await self.sign_in()
        self.moved_at = self.town.now()
        while not self.town.over.is_set():
            await self._tick()
            await self.town.sleep(TICK_S)
        await self._post("/v1/driver/duty", {"on": False})

    async def _tick(self) -> None:
        _, page = await self.town.ask("GET", "/v1/driver", token=self.token)
        if not page["on_duty"]:
            await self._post("/v1/driver/duty", {"on": True})
        now = self.town.now()
        self.spot = driven(self.spot, self.goal, (now - self.moved_at) * SPEED_MPS)
        self.moved_at = now
        spot = {"lng": self.spot.lng, "lat": self.spot.lat}
        await self.town.ask("PUT", "/v1/driver/position", {"spot": spot}, token=self.token)
        if page["offer"]:  # also with a ride: that there is none then is for the house to see to
            await self._answer(page["offer"])
        if page["ride"]:
            await self._drive(page["ride"])
        elif not page["offer"] and self.spot == self.goal:
            self.goal = self.town.grid.crossing(self.chance)

    async def _answer(self, offer: dict[str, Any]) -> None:
        mind = self.answers.setdefault(offer["id"], self.chance.random())
        path = f"/v1/ride-offers/{offer['id']}"
        if mind < _DECLINES:
            await self._post(f"{path}/decline", {"reason": "busy"})
        elif mind > _DECLINES + _LETS_PASS:
            await self._post(f"{path}/accept")

    async def _drive(self, ride: dict[str, Any]) -> None:
        case_no, details = ride["case_no"], ride["details"]
        to = details["dropoff" if ride["state"] == "on_board" else "pickup"]["spot"]
        self.goal = Spot(to["lng"], to["lat"])
        there = apart(self.spot, self.goal) < 1
        if ride["state"] == "accepted":
            self.waits_since = None
            mind = self.answers.setdefault(f"{case_no} {details['give_ups']}", self.chance.random())
            if mind < _GIVES_UP:
                await self._act(case_no, "give_up", reason="traffic", note="")
            elif there:
                await self._act(case_no, "arrive")
        elif ride["state"] == "arrived":
            await self._wait(case_no)
        elif there:
            await self._act(case_no, "complete", metres=details["estimate"]["metres"])

    async def _wait(self, case_no: str) -> None:
        self.waits_since = self.waits_since or self.town.now()
        if code := self.town.codes.get(case_no):
            await self._act(case_no, "board", code=code)
        elif self.town.now() - self.waits_since > 10.5 * 60:
            await self._act(case_no, "no_show", note="等了十分钟，没有人来")

    async def _act(self, case_no: str, action: str, **form: Any) -> None:
        await self._post(f"/v1/cases/{case_no}/{action}", form)

    async def _post(self, path: str, body: Any = None) -> None:
        await self.town.ask("POST", path, body, token=self.token)


class Passenger:
    """Calls a car within `first_s`, and with `again` one after the other."""

    def __init__(self, town: Town, number: int, first_s: float, *, again: bool) -> None:
        self.town, self.again, self.token = town, again, ""
        self.id = f"traveller-{number:03d}"
        self.phone = f"13900009{number:03d}"
        self.chance = town.chance(self.id)
        self.first_s = self.chance.random() * first_s

    async def run(self) -> None:
        code = await self.town.control("codes", openid=self.id)
        status, session = await self.town.ask("POST", "/v1/sessions", {"code": code})
        if status != 201:
            raise Unexpected(f"{self.id}: {session}")
        self.token = session["token"]
        await self.town.sleep(self.first_s)
        while not self.town.stop.is_set():
            if (case_no := await self._call()) is None:
                return
            await self._ride(case_no)
            if not self.again:
                return
            await self.town.sleep(self.chance.uniform(30, 300))

    async def _call(self) -> str | None:
        """None: something is owed, or a ride of an earlier run is not over."""
        start = self.town.grid.crossing(self.chance)
        end = self.town.grid.other(self.chance, start)
        wish = {
            "pickup": {"spot": {"lng": start.lng, "lat": start.lat}, "text": "示例路口"},
            "dropoff": {"spot": {"lng": end.lng, "lat": end.lat}, "text": "示例目的地"},
            "contact": {"name": "示例乘客", "phone": self.phone},
            "pay": "cash" if self.chance.random() < _CASH else "wechat",
        }
        status, case = await self.town.ask("POST", "/v1/rides", wish, token=self.token)
        if status != 201:
            return None
        self.town.called.append(case["case_no"])
        return str(case["case_no"])

    async def _ride(self, case_no: str) -> None:
        """Until it is over; the code is read out some time after the car has come, if they come at all."""
        cancels_at = self.town.now() + self.chance.uniform(10, 400)
        cancels, comes = self.chance.random() < _CHANGES_MIND, self.chance.random() > _NEVER_COMES
        needs_s, came_at = self.chance.uniform(0, 60), None
        while not self.town.over.is_set():
            _, case = await self.town.ask("GET", f"/v1/cases/{case_no}", token=self.token)
            if case["state"] in FINAL:
                return
            if cancels and self.town.now() > cancels_at and case["state"] != "on_board":
                await self.town.ask("POST", f"/v1/cases/{case_no}/cancel", {}, token=self.token)
            if case["state"] == "arrived" and comes:
                came_at = came_at or self.town.now()
                if self.town.now() - came_at >= needs_s and (code := case["details"]["code"]):
                    self.town.codes[case_no] = code
            elif case["state"] in ("requested", "offered"):
                came_at = None
                self.town.codes.pop(case_no, None)
            await self.town.sleep(TICK_S * 1.5)
