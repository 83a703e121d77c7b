"""Licences, insurance and workers' certificates: handed in, approved by the street, warned of, and what they lock."""

from server.certificates.papers import approve, find, hand_in, return_, take_over
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
from server.certificates.views import in_scope, listed, view

__all__ = [
    "CERTIFICATES",
    "KINDS",
    "PROVIDERS_OWN",
    "Certificate",
    "CertificateKind",
    "Paper",
    "approve",
    "certificate_id",
    "find",
    "hand_in",
    "in_scope",
    "listed",
    "missing",
    "required",
    "return_",
    "take_over",
    "view",
]
