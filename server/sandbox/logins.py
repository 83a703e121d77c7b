"""Where staff log in to WeCom: a page with people to choose from stands for the QR code and the phone.

The addresses, what they ask for and how they come back are the platform's; only the choosing is ours.
"""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader
from tornado.web import RequestHandler

from .world import World

DESKTOP = "/wwlogin/sso/login"
IN_CLIENT = "/connect/oauth2/authorize"
LOGINS = (DESKTOP, IN_CLIENT)
_STATE = re.compile(r"[A-Za-z0-9]{0,128}")
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_FIRST_SHOWN = 12

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True
)


class LoginHandler(RequestHandler):
    """GET shows the people, POST is one of them saying yes on their phone."""

    def initialize(self, world: World) -> None:
        self.world = world

    def get(self) -> None:
        self.show(self.problem())

    def post(self) -> None:
        userid = self.get_body_argument("userid", "").strip()
        problem = self.problem() or ("" if _USERID.fullmatch(userid) else "账号只有字母、数字和 _ . @ -")
        if problem:
            self.show(problem)
            return
        self.world.people.member(userid)
        code = self.world.codes.issue("wecom", userid, self.world.now_s, scope="snsapi_base")
        self.redirect(_back(self.asked("redirect_uri"), code, self.asked("state")))

    def asked(self, name: str) -> str:
        return self.get_query_argument(name, "")

    def problem(self) -> str:
        """What the platform would refuse, in its order; empty when all is well."""
        config = self.world.config
        desktop = self.request.path == DESKTOP
        if self.asked("appid") != config.corpid:
            return "appid 参数错误"
        if self.asked("agentid") != str(config.agentid):
            return "agentid 参数错误"
        if desktop and self.asked("login_type") != "CorpApp":
            return "login_type 参数错误"
        if not desktop and (self.asked("response_type"), self.asked("scope")) != ("code", "snsapi_base"):
            return "scope 参数错误"
        if urlsplit(self.asked("redirect_uri")).scheme not in ("http", "https"):
            return "redirect_uri 与配置的授权完成回调域名不一致"
        return "" if _STATE.fullmatch(self.asked("state")) else "state 参数错误"

    def show(self, problem: str) -> None:
        members = self.world.config.members
        self.set_status(400 if problem else 200)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        page = _templates.get_template("login.html")
        self.finish(page.render(problem=problem, first=members[:_FIRST_SHOWN], more=members[_FIRST_SHOWN:]))


def _back(redirect_uri: str, code: str, state: str) -> str:
    where = urlsplit(redirect_uri)
    query = [*parse_qsl(where.query), ("code", code), ("state", state)]
    return urlunsplit(where._replace(query=urlencode(query)))
