"""What the demo pays with: keys made at its first start and kept beside its data; the payees' agency in the sandbox. And
its account for short messages there."""

from pathlib import Path

import msgspec

from server.config import Settings
from server.sandbox.pay_keys import PayKeys, make
from server.sandbox.payee import SECRET
from server.sandbox.sms_account import SmsAccount

_ACCOUNT = SmsAccount()


def keys(settings: Settings) -> PayKeys:
    """Made once; the same at every start."""
    folder = Path(settings.data_dir, "pay")
    file = folder / "keys.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = make()
        (folder / "merchant.pem").write_text(made.merchant_key)
        (folder / "platform.pem").write_text(made.public_key)
        file.write_bytes(msgspec.json.encode(made))
    return msgspec.json.decode(file.read_bytes(), type=PayKeys)


def joined(settings: Settings, sandbox_url: str) -> Settings:
    """The settings with WeChat Pay, the payees and the provider of short messages played by the sandbox."""
    own, folder = keys(settings), Path(settings.data_dir, "pay")
    return msgspec.structs.replace(
        settings,
        pay=msgspec.structs.replace(
            settings.pay,
            base_url=sandbox_url,
            mchid=own.mchid,
            serial=own.merchant_serial,
            private_key_file=str(folder / "merchant.pem"),
            apiv3_key=own.apiv3_key,
            public_key_file=str(folder / "platform.pem"),
            public_key_id=own.public_key_id,
            notify_url=f"http://127.0.0.1:{settings.port}/pay/notify",
        ),
        payees=msgspec.structs.replace(settings.payees, base_url=sandbox_url, secret=SECRET),
        sms=msgspec.structs.replace(
            settings.sms,
            base_url=f"{sandbox_url}/sms",
            secret_id=_ACCOUNT.secret_id,
            secret_key=_ACCOUNT.secret_key,
            app_id=_ACCOUNT.app_id,
            template_id=_ACCOUNT.template_id,
            report_key="example-sms-report-key",
        ),
    )


def account(settings: Settings) -> SmsAccount:
    """What the sandbox knows of it."""
    own = settings.sms
    return msgspec.structs.replace(
        _ACCOUNT,
        sign=own.sign,
        template=own.template,
        longest=own.longest,
        report_url=f"http://127.0.0.1:{settings.port}/sms/report?key={own.report_key}",
    )
