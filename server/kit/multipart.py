"""One file out of a form as it arrives (`multipart/form-data`): browsers and `wx.uploadFile` send nothing else.

The form is never whole in memory; fields beside the file are short.
"""

import re

from server.kit.errors import Invalid

_BOUNDARY = re.compile(r'boundary="?([!#-\[\]-~]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r'[; ]name="([^"]*)"')
_MOST_HEADER_BYTES = 4096
_MOST_FIELD_BYTES = 4096
_MOST_PARTS = 20
_PREAMBLE, _LINE, _HEADERS, _FIELD, _FILE, _DONE = range(6)


class FormBroken(Invalid):
    """表单没有传完整，请重新提交"""


class OneFileOnly(Invalid):
    """一次只能传一个文件"""


class Multipart:
    """Fed with the body piece by piece; gives back what of it is the file's."""

    def __init__(self, content_type: str) -> None:
        """Raises FormBroken for a Content-Type without its boundary."""
        found = _BOUNDARY.search(content_type)
        if found is None:
            raise FormBroken
        self.fields: dict[str, str] = {}
        self.has_file = False
        self._mark = b"\r\n--" + found[1].encode()
        self._waiting = b"\r\n"
        self._state = _PREAMBLE
        self._name = ""
        self._field = b""
        self._parts = 0

    @property
    def complete(self) -> bool:
        return self._state == _DONE

    def feed(self, piece: bytes) -> bytes:
        """Raises FormBroken, OneFileOnly."""
        self._waiting += piece
        found: list[bytes] = []
        while self._step(found):
            pass
        return b"".join(found)

    def _step(self, found: list[bytes]) -> bool:
        """One step further; False when it takes more of the body."""
        if self._state == _LINE:
            return self._after_the_mark()
        if self._state == _HEADERS:
            return self._headers()
        if self._state != _DONE:
            return self._content(found)
        self._waiting = b""
        return False

    def _content(self, found: list[bytes]) -> bool:
        content, mark, rest = self._waiting.partition(self._mark)
        if not mark:
            keep = len(self._mark) - 1
            content, rest = self._waiting[:-keep], self._waiting[-keep:]
        self._waiting = rest
        if self._state == _FILE:
            found.append(content)
        elif self._state == _FIELD:
            self._to_field(content, bool(mark))
        if mark:
            self._state = _LINE
        return bool(mark)

    def _to_field(self, content: bytes, ended: bool) -> None:
        self._field += content
        if len(self._field) > _MOST_FIELD_BYTES:
            raise FormBroken
        if ended:
            self.fields[self._name] = self._field.decode("utf-8", "replace")
            self._field = b""

    def _after_the_mark(self) -> bool:
        if len(self._waiting) < 2:
            return False
        self._state = _DONE if self._waiting[:2] == b"--" else _HEADERS
        return True

    def _headers(self) -> bool:
        headers, end, rest = self._waiting.partition(b"\r\n\r\n")
        if not end:
            if len(self._waiting) > _MOST_HEADER_BYTES:
                raise FormBroken
            return False
        text = headers.decode("utf-8", "replace")
        name = _NAME.search(text)
        self._parts += 1
        if name is None or self._parts > _MOST_PARTS:
            raise FormBroken
        self._name, self._waiting = name[1], rest
        is_file = "filename=" in text
        if is_file and self.has_file:
            raise OneFileOnly
        self.has_file = self.has_file or is_file
        self._state = _FILE if is_file else _FIELD
        return True
