"""Keys of the make-believe merchant and of WeChat Pay itself: made when they are needed, never in the repository."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from msgspec import Struct

_BITS = 2048
_YEARS = timedelta(days=5 * 365)


class PayKeys(Struct, frozen=True, kw_only=True):
    """Everything in PEM. `certificate` is the platform's older kind of key, `public_key` with its id the newer one; both
    belong to `platform_key`."""

    mchid: str = "1900000001"
    apiv3_key: str = "example-apiv3-key-of-32-letters!"
    merchant_serial: str
    merchant_key: str
    platform_key: str
    certificate: str
    public_key: str
    public_key_id: str = "PUB_KEY_ID_0119000000012024010100000000000001"


def make() -> PayKeys:
    merchant, platform = (rsa.generate_private_key(65537, _BITS) for _ in range(2))
    serial = x509.random_serial_number()
    return PayKeys(
        merchant_serial=f"{serial:X}",
        merchant_key=_private(merchant),
        platform_key=_private(platform),
        certificate=_certificate(platform),
        public_key=_public(platform),
    )


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example WeChat Pay")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()
