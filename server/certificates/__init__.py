"""Licences, insurance and workers' certificates: handed in, approved by the street, warned of, and what they lock."""

from server.certificates.ending import ending
from server.certificates.papers import approve, employers, find, hand_in, return_, take_over
from server.certificates.stored import (
    CERTIFICATES,
    KINDS,
    PROVIDERS_OWN,
    Certificate,
    CertificateKind,
    Paper,
    certificate_id,
    missing,
    required,
)
from server.certificates.views import in_scope, listed, owner_name, state, view
from server.certificates.warnings import EXPIRIES, risks

__all__ = [
    "CERTIFICATES",
    "EXPIRIES",
    "KINDS",
    "PROVIDERS_OWN",
    "Certificate",
    "CertificateKind",
    "Paper",
    "approve",
    "certificate_id",
    "employers",
    "ending",
    "find",
    "hand_in",
    "in_scope",
    "listed",
    "missing",
    "owner_name",
    "required",
    "return_",
    "risks",
    "state",
    "take_over",
    "view",
]
