"""Refusals are named facts: the class name is the code a client reads, the docstring is the sentence a person reads.

Families carry the HTTP status; a named error belongs to one family and is raised by the noun that knows the rule.
"""

import re
from typing import Any, ClassVar

_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_IN_FIELD = re.compile(r"in field `([^`]+)`")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class HoelunError(Exception):
    """出了点问题，请稍后再试"""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    text: ClassVar[str] = "出了点问题，请稍后再试"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.code = _WORD.sub("_", cls.__name__).lower()
        if cls.__dict__.get("__doc__"):
            cls.text = str(cls.__doc__).strip()

    def __init__(
        self,
        message: str | None = None,
        *,
        field: str | None = None,
        retry_after: float | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.message = message or self.text
        self.field = field
        self.retry_after = retry_after
        self.details = details or {}
        super().__init__(self.message)

    def body(self, request_id: str) -> dict[str, Any]:
        """The reply's JSON: `{"error": {"code", "message", "request_id"[, "field"][, …details]}}`."""
        error = {"code": self.code, "message": self.message, "request_id": request_id, **self.details}
        if self.field is not None:
            error["field"] = self.field
        return {"error": error}


class Unauthorized(HoelunError):
    """请先登录"""

    status = 401


class Forbidden(HoelunError):
    """您没有办理这件事的权限"""

    status = 403


class NotFound(HoelunError):
    """没有找到您要的内容"""

    status = 404


class Conflict(HoelunError):
    """情况刚刚有变化，请刷新后再试"""

    status = 409


class Invalid(HoelunError):
    """填写的内容有误，请检查后再提交"""

    status = 422

    @classmethod
    def from_validation(cls, error: Exception) -> "Invalid":
        """From what msgspec says, `Expected `int`, got `str` - at `$.contact.phone``: the field is the path."""
        text, _, path = str(error).partition(" - at `$")
        unknown = _UNKNOWN.search(text) or _MISSING.search(text) or _IN_FIELD.search(text)
        inside = path.rstrip("`").lstrip(".")
        named = ".".join(one for one in (inside, unknown[1] if unknown else "") if one)
        return cls(f"填写的内容有误：{named or '正文'}（{text}）", field=named or None)


class TooMany(HoelunError):
    """操作太频繁，请稍等一会儿再试"""

    status = 429


class Unavailable(HoelunError):
    """系统正忙，请稍后再试，已填写的内容不会丢"""

    status = 503


# Refusals that the HTTP layer itself speaks, whatever the noun.


class BadRequest(HoelunError):
    """请求无法识别，请升级到最新版本后再试"""

    status = 400


class MethodNotAllowed(HoelunError):
    """这个地址不支持这种操作"""

    status = 405


class TooLarge(HoelunError):
    """内容太大，请精简后再提交"""

    status = 413


class UnsupportedMedia(HoelunError):
    """正文应为 JSON（Content-Type: application/json）"""

    status = 415


STATUS_TABLE: dict[int, type[HoelunError]] = {
    family.status: family
    for family in (
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        TooLarge,
        UnsupportedMedia,
        Invalid,
        TooMany,
        Unavailable,
    )
}
