"""A browser without scripts: cookies, redirects one at a time, and forms filled in as they stand on the page."""

import html
import re
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from msgspec import Struct, field
from tornado.httpclient import HTTPRequest
from tornado.httputil import HTTPHeaders
from tornado.web import create_signed_value

from tests.world import World

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"
IN_WECOM = "Mozilla/5.0 (Linux; Android 15) wxwork/4.1.36 MicroMessenger/7.0.1"


class Form(Struct):
    """`fields` has what would be sent if one pressed the button now; `named` are all fields there are."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag in ("input", "textarea", "select") and self.forms and "name" in given:
            form = self.forms[-1]
            form.named.add(given["name"])
            chosen = given.get("type") not in ("radio", "checkbox") or "checked" in given
            if chosen and "disabled" not in given:
                form.fields[given["name"]] = given.get("value", "")


class Seen(Struct):
    """An answer as the browser got it."""

    status: int
    headers: HTTPHeaders
    body: str
    url: str

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def text(self) -> str:
        """What a person reads, without tags, on one line."""
        visible = re.sub(r"<(style|script|svg|head)\b.*?</\1>", " ", self.body, flags=re.S)
        return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", visible).split()))

    @property
    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.body)
        return parser.forms

    def form(self, ending: str) -> Form:
        found = [one for one in self.forms if one.action.endswith(ending)]
        assert found, (ending, [one.action for one in self.forms])
        return found[0]


def sealed(world: World, token: str) -> str:
    """A session's token as the console's cookie holds it."""
    return seal(world.house.settings.cookie_key, token, world.clock.now().timestamp())


def seal(key: str, token: str, at: float) -> str:
    return create_signed_value(key, "hoelun_staff", token, clock=lambda: at).decode()


class Browser:
    """Somebody at a screen; `token` is a session they have already."""

    def __init__(self, world: World, token: str | None = None, agent: str = DESKTOP) -> None:
        self.world = world
        self.agent = agent
        self.cookies: dict[str, str] = {"hoelun_staff": sealed(world, token)} if token else {}

    async def get(self, address: str, headers: dict[str, str] | None = None) -> Seen:
        return await self._fetch("GET", address, headers=headers)

    async def post(self, address: str, fields: dict[str, str]) -> Seen:
        return await self._fetch("POST", address, urlencode(fields))

    async def send(self, address: str, body: bytes, media: str) -> Seen:
        """A form that carries a file."""
        return await self._fetch("POST", address, body, {"Content-Type": media})

    async def follow(self, seen: Seen, most: int = 6) -> Seen:
        """To the end of the redirects."""
        while seen.location and most:
            seen, most = await self.get(urljoin(seen.url, seen.location)), most - 1
        return seen

    async def press(self, seen: Seen, ending: str, **filled: str) -> Seen:
        """Fill in the form with that address and send it. Only what is on the form can be filled in."""
        form = seen.form(ending)
        assert filled.keys() <= form.named, (filled, form.named)
        return await self.post(urljoin(seen.url, form.action), form.fields | filled)

    async def _fetch(
        self,
        method: str,
        address: str,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Seen:
        url = urljoin(self.world.url, address).partition("#")[0]
        ours = urlsplit(url).netloc == urlsplit(self.world.url).netloc
        headers = {"User-Agent": self.agent, **(headers or {})}
        if ours and self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        request = HTTPRequest(url, method, headers, body, follow_redirects=False, request_timeout=30)
        answer = await self.world.client.fetch(request, raise_error=False)
        if ours:
            self._keep(answer.headers)
        return Seen(answer.code, answer.headers, (answer.body or b"").decode(), url)

    def _keep(self, headers: HTTPHeaders) -> None:
        for line in headers.get_list("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)


def cookie(seen: Seen, name: str) -> Any:
    """The cookie of that name as it was set, with its attributes."""
    for line in seen.headers.get_list("Set-Cookie"):
        jar = SimpleCookie(line)
        if name in jar:
            return jar[name]
    raise AssertionError(f"no cookie {name}")


async def at_the_platform(browser: Browser, path: str = "/console") -> Seen:
    """The platform's login page, on the way to `path`."""
    return await browser.follow(await browser.get(path))


async def logged_in(world: World, userid: str) -> Browser:
    browser = Browser(world)
    await browser.follow(await browser.press(await at_the_platform(browser), "", userid=userid))
    return browser
