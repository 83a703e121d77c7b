"""Bundles 一件事: one request that opens several cases, with a rule for when one of them cannot be had."""

from server.bundles.flow import FLOW
from server.bundles.kind import BUNDLE
from server.bundles.opening import PartRefused, for_whom, open_bundle, prepared, without
from server.bundles.stored import (
    BUNDLES,
    RULE_TEXTS,
    Bundle,
    BundleNotFound,
    Offer,
    find,
    listed,
    put,
    view,
)

__all__ = [
    "BUNDLE",
    "BUNDLES",
    "FLOW",
    "RULE_TEXTS",
    "Bundle",
    "BundleNotFound",
    "Offer",
    "PartRefused",
    "find",
    "for_whom",
    "listed",
    "open_bundle",
    "prepared",
    "put",
    "view",
    "without",
]
