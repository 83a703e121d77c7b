"""What paying needs in a test: keys made for this process, WeChat Pay and the payees' agency in the sandbox; and what
sending short messages needs."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from server.config import Pay, Payees, Sms
from server.sandbox.pay_keys import PayKeys, make
from server.sandbox.payee import SECRET
from server.sandbox.sms_account import SmsAccount


@functools.cache
def keys() -> PayKeys:
    return make()


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hoelun-pay-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "merchant.pem").write_text(keys().merchant_key)
    (folder / "platform.pem").write_text(keys().public_key)
    return folder


def pay(sandbox_url: str, url: str) -> Pay:
    return Pay(
        base_url=sandbox_url,
        mchid=keys().mchid,
        serial=keys().merchant_serial,
        private_key_file=str(_folder() / "merchant.pem"),
        apiv3_key=keys().apiv3_key,
        public_key_file=str(_folder() / "platform.pem"),
        public_key_id=keys().public_key_id,
        notify_url=f"{url}/pay/notify",
        timeout_s=2.0,
    )


def payees(sandbox_url: str) -> Payees:
    return Payees(base_url=sandbox_url, secret=SECRET, timeout_s=2.0)


def sms(sandbox_url: str) -> Sms:
    own = SmsAccount()
    return Sms(
        base_url=f"{sandbox_url}/sms",
        secret_id=own.secret_id,
        secret_key=own.secret_key,
        app_id=own.app_id,
        template_id=own.template_id,
        report_key="example-report-key",
        timeout_s=5.0,
    )


def sms_reports(url: str) -> str:
    return f"{url}/sms/report?key=example-report-key"
