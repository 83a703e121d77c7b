"""Settings: everything that is wrong is named, in one go, before anything starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.config import Settings
from server.settings import BadSettings, dump, load

DEMO = {"HOELUN_ENVIRONMENT": "demo"}
REAL = {
    "HOELUN_WECHAT_APPID": "wx1234567890abcdef",
    "HOELUN_WECHAT_SECRET": "a real one",
    "HOELUN_WECHAT_TOKEN": "a real one too",
    "HOELUN_WECHAT_ENCODING_AES_KEY": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "HOELUN_WECOM_CORPID": "ww1234567890abcdef",
    "HOELUN_WECOM_SECRET": "another real one",
    "HOELUN_WECOM_TOKEN": "one more real one",
    "HOELUN_WECOM_ENCODING_AES_KEY": "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt",
    "HOELUN_DISTANCES_KEY": "a real map key",
    "HOELUN_FIELD_KEY": "f" * 32,
    "HOELUN_COOKIE_KEY": "c" * 32,
}


def problems(environ: dict[str, str], toml: Path | None = None) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(toml, environ)
    return caught.value.problems


def test_the_demo_needs_no_settings() -> None:
    assert load(None, DEMO) == Settings(environment="demo")


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    toml = tmp_path / "hoelun.toml"
    toml.write_text('port = 9000\ndatabase = "street"\n[bookings]\nhold_minutes = 7\n')
    settings = load(toml, DEMO | {"HOELUN_PORT": "9001", "HOELUN_BOOKINGS_CONFIRM_HOURS": "24"})
    assert (settings.port, settings.database) == (9001, "street")
    assert (settings.bookings.hold_minutes, settings.bookings.confirm_hours) == (7, 24)


def test_every_bad_value_is_named_in_one_error(tmp_path: Path) -> None:
    toml = tmp_path / "hoelun.toml"
    toml.write_text('colour = "red"\nwecom = 3\n[http]\ndrain_s = -1\nspeed = 2\n')
    found = problems(DEMO | {"HOELUN_PORT": "70000", "HOELUN_WECHAT_BASE_URL": "ftp://x"}, toml)
    named = {line.partition(":")[0] for line in found}
    assert named == {"colour", "wecom", "http.drain_s", "http.speed", "port", "wechat.base_url"}


def test_a_proxy_has_to_be_an_address_or_a_network(tmp_path: Path) -> None:
    toml = tmp_path / "hoelun.toml"
    toml.write_text('[http]\nproxies = ["10.0.0.0/8", "::1", "10.0.0.300"]\n')
    (problem,) = problems(DEMO, toml)
    assert problem.startswith("http.proxies: ") and "10.0.0.300" in problem


def test_an_unknown_variable_is_named() -> None:
    assert problems(DEMO | {"HOELUN_PROT": "8000"}) == ["HOELUN_PROT: no such setting"]


@pytest.mark.parametrize("content", [None, "port = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes | None) -> None:
    toml = tmp_path / "hoelun.toml"
    if content is not None:
        toml.write_bytes(content if isinstance(content, bytes) else content.encode())
    (problem,) = problems(DEMO, toml)
    assert problem.startswith(str(toml))


def test_production_refuses_example_secrets_and_short_keys() -> None:
    named = {line.partition(":")[0] for line in problems({})}
    assert named >= {"wechat.secret", "wechat.appid", "wecom.secret", "field_key", "cookie_key"}
    assert named >= {"wecom.token", "wecom.encoding_aes_key", "wechat.token", "wechat.encoding_aes_key"}
    assert load(None, REAL).environment == "production"
    (problem,) = problems(REAL | {"HOELUN_FIELD_KEY": "short"})
    assert problem.startswith("field_key: at least 32 characters")
    (problem,) = problems(REAL | {"HOELUN_DISTANCES_KEY": "example-map-key"})
    assert problem.startswith("distances.key: still the example value")


def test_settings_survive_the_way_to_a_child_process() -> None:
    settings = load(None, DEMO | {"HOELUN_PUSH_LEASE_S": "2.5", "HOELUN_WECHAT_SECRET": "example-=&' x"})
    assert load(None, dump(settings)) == settings


def test_the_command_line_names_bad_settings_and_ends_with_2() -> None:
    command = [sys.executable, "-m", "server", "web"]
    environ = REAL | {"HOELUN_PORT": "eighty"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "port: Expected `int`" in done.stderr
    assert "Traceback" not in done.stderr


def test_who_is_paid_by_wechat_needs_all_of_it(tmp_path: Path) -> None:
    environ = {"HOELUN_ENVIRONMENT": "test", "HOELUN_PAY_MCHID": "1900000001"}
    with pytest.raises(BadSettings) as refused:
        load(
            None,
            environ | {"HOELUN_PAY_APIV3_KEY": "short", "HOELUN_PAY_PUBLIC_KEY_FILE": str(tmp_path / "no")},
        )
    assert refused.value.problems == [
        "pay.serial: needed with pay.mchid",
        "pay.private_key_file: needed with pay.mchid",
        "pay.public_key_id: needed with pay.mchid",
        "pay.apiv3_key: 32 bytes are needed, got 5",
        "pay.public_key_file: no such file",
    ]


def test_who_sends_short_messages_needs_all_of_it() -> None:
    assert load(None, REAL).sms.secret_id == ""
    own = {
        "HOELUN_SMS_SECRET_ID": "a real id",
        "HOELUN_SMS_SECRET_KEY": "a real key of theirs",
        "HOELUN_SMS_APP_ID": "1400006666",
        "HOELUN_SMS_TEMPLATE_ID": "1000001",
        "HOELUN_SMS_REPORT_KEY": "k" * 16,
    }
    assert load(None, REAL | own).sms.app_id == "1400006666"
    assert problems(REAL | {"HOELUN_SMS_SECRET_ID": "a real id", "HOELUN_SMS_REPORT_KEY": "short"}) == [
        "sms.secret_key: needed with sms.secret_id",
        "sms.app_id: needed with sms.secret_id",
        "sms.template_id: needed with sms.secret_id",
        "sms.report_key: at least 16 characters are needed, got 5",
    ]
    wide = {"HOELUN_SMS_TEMPLATE": "字" * 56 + "{1}"}
    (problem,) = problems(REAL | own | wide)
    assert problem.startswith("sms.template: with sms.sign and sms.longest it leaves 7")
    for name in ("SECRET_ID", "SECRET_KEY", "REPORT_KEY"):
        (problem,) = problems(REAL | own | {f"HOELUN_SMS_{name}": "example-of-some-length"})
        assert problem.startswith(f"sms.{name.lower()}: still the example value")
