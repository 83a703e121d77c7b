"""Settings are read once, from a TOML file and then the environment, into the frozen Structs of server/config.py.

A setting `port` is overridden by `HOELUN_PORT`, a setting `wechat.appid` by `HOELUN_WECHAT_APPID`.
Every bad value is named, all of them in one error, so that a deployment is corrected in one go.
"""

import ipaddress
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from server.config import (
    EXAMPLE_AES_KEY,
    EXAMPLE_APPID,
    EXAMPLE_CORPID,
    EXAMPLE_MARK,
    Section,
    Settings,
)


class BadSettings(Exception):
    """One line for each setting that cannot be used."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("settings that cannot be used:\n  " + "\n  ".join(problems))


def load(toml: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the file, lay `HOELUN_*` over it, check everything. Raises BadSettings naming each bad value."""
    problems: list[str] = []
    tree = _read_file(toml, problems)
    _overlay(tree, environ, problems)
    values = _checked(Settings, tree, "", problems)
    if problems:
        raise BadSettings(problems)
    settings = Settings(**values)
    checks = (_refused_secrets, _no_networks, _pay_incomplete, _sms_incomplete, _moved_clock)
    problems = [problem for check in checks for problem in check(settings)]
    if problems:
        raise BadSettings(problems)
    return settings


def dump(settings: Settings) -> dict[str, str]:
    """The same settings as `HOELUN_*` variables, to hand to a child process."""
    flat: dict[str, str] = {}
    for name, value in msgspec.to_builtins(settings).items():
        if isinstance(value, dict):
            flat |= {f"HOELUN_{name}_{key}".upper(): _text(inner) for key, inner in value.items()}
        else:
            flat[f"HOELUN_{name}".upper()] = _text(value)
    return flat


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list | tuple) else str(value)


def _read_file(toml: Path | None, problems: list[str]) -> dict[str, Any]:
    if toml is None:
        return {}
    try:
        return tomllib.loads(toml.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{toml}: {error}")
        return {}


def _overlay(tree: dict[str, Any], environ: Mapping[str, str], problems: list[str]) -> None:
    names = _env_names(Settings)
    for variable, value in environ.items():
        if not variable.startswith("HOELUN_") or variable == "HOELUN_CONFIG":
            continue
        path = names.get(variable)
        if path is None:
            problems.append(f"{variable}: no such setting")
        elif len(path) == 1:
            tree[path[0]] = value
        else:
            section = tree.setdefault(path[0], {})
            if isinstance(section, dict):
                section[path[1]] = value


def _env_names(kind: type[Struct]) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for one in msgspec.structs.fields(kind):
        if isinstance(one.type, type) and issubclass(one.type, Section):
            for inner in msgspec.structs.fields(one.type):
                names[f"HOELUN_{one.name}_{inner.name}".upper()] = (one.name, inner.name)
        else:
            names[f"HOELUN_{one.name}".upper()] = (one.name,)
    return names


def _checked(kind: type[Struct], tree: dict[str, Any], prefix: str, problems: list[str]) -> dict[str, Any]:
    known = {one.name: one.type for one in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, value in tree.items():
        where = f"{prefix}{name}"
        wanted = known.get(name)
        if wanted is None:
            problems.append(f"{where}: no such setting")
        elif isinstance(wanted, type) and issubclass(wanted, Section):
            if isinstance(value, dict):
                values[name] = wanted(**_checked(wanted, value, f"{where}.", problems))
            else:
                problems.append(f"{where}: a table was expected, got {value!r}")
        else:
            try:
                values[name] = _converted(value, wanted)
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                problems.append(f"{where}: {error} (got {value!r})")
    return values


def _converted(value: Any, wanted: Any) -> Any:
    """Tables and lists come from the environment as JSON."""
    bare = wanted
    while hasattr(bare, "__origin__"):  # Annotated[tuple[…], …] is in two wrappings
        bare = bare.__origin__
    if isinstance(value, str) and bare in (dict, list, tuple):
        return msgspec.json.decode(value, type=wanted)
    return msgspec.convert(value, wanted, strict=False)


def _no_networks(settings: Settings) -> Iterator[str]:
    for one in settings.http.proxies:
        try:
            ipaddress.ip_network(one, strict=False)
        except ValueError as error:
            yield f"http.proxies: {error}"


def _refused_secrets(settings: Settings) -> list[str]:
    """Example secrets are public: outside the demo and the tests they would be no secrets."""
    if settings.environment != "production":
        return []
    secrets = {
        "wechat.secret": settings.wechat.secret,
        "wechat.appid": settings.wechat.appid,
        "wechat.token": settings.wechat.token,
        "wechat.encoding_aes_key": settings.wechat.encoding_aes_key,
        "wecom.secret": settings.wecom.secret,
        "wecom.corpid": settings.wecom.corpid,
        "wecom.token": settings.wecom.token,
        "wecom.encoding_aes_key": settings.wecom.encoding_aes_key,
        "pay.apiv3_key": settings.pay.apiv3_key,
        "payees.secret": settings.payees.secret,
        "sms.secret_id": settings.sms.secret_id,
        "sms.secret_key": settings.sms.secret_key,
        "sms.report_key": settings.sms.report_key,
        "distances.key": settings.distances.key,
        "field_key": settings.field_key,
        "cookie_key": settings.cookie_key,
    }
    examples = (EXAMPLE_APPID, EXAMPLE_CORPID, EXAMPLE_AES_KEY)
    found = [name for name, value in secrets.items() if value.startswith(EXAMPLE_MARK) or value in examples]
    problems = [f"{name}: still the example value; set your own (HOELUN_{_env(name)})" for name in found]
    for name in ("field_key", "cookie_key"):
        if name not in found and len(secrets[name]) < 32:
            problems.append(f"{name}: at least 32 characters are needed, got {len(secrets[name])}")
    return problems


def _moved_clock(settings: Settings) -> Iterator[str]:
    if settings.clock_file and settings.environment == "production":
        yield "clock_file: time is moved in the demo and in tests only"


def _pay_incomplete(settings: Settings) -> Iterator[str]:
    """Who is paid by WeChat needs all of it."""
    own = settings.pay
    if not own.mchid:
        return
    for name in ("serial", "private_key_file", "apiv3_key", "public_key_file", "public_key_id"):
        if not getattr(own, name):
            yield f"pay.{name}: needed with pay.mchid"
    if own.apiv3_key and len(own.apiv3_key.encode()) != _APIV3_BYTES:
        yield f"pay.apiv3_key: {_APIV3_BYTES} bytes are needed, got {len(own.apiv3_key.encode())}"
    for name in ("private_key_file", "public_key_file"):
        if getattr(own, name) and not Path(getattr(own, name)).is_file():
            yield f"pay.{name}: no such file"
    if not (own.notify_url or settings.public_url or settings.environment != "production"):
        yield "pay.notify_url: needed, as there is no public_url"


def _sms_incomplete(settings: Settings) -> Iterator[str]:
    """Who sends short messages needs all of it, and a template that has room for what is said."""
    own = settings.sms
    if not own.secret_id:
        return
    for name in ("secret_key", "app_id", "template_id", "report_key"):
        if not getattr(own, name):
            yield f"sms.{name}: needed with sms.secret_id"
    if own.report_key and len(own.report_key) < _REPORT_KEY_CHARS:
        yield f"sms.report_key: at least {_REPORT_KEY_CHARS} characters are needed, got {len(own.report_key)}"
    if own.room < _SMS_ROOM:
        yield f"sms.template: with sms.sign and sms.longest it leaves {own.room} characters for what is said"


_APIV3_BYTES = 32
_REPORT_KEY_CHARS = 16
_SMS_ROOM = 10


def _env(name: str) -> str:
    return name.replace(".", "_").upper()
