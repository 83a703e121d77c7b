"""Providers: admitted, suspended and resumed, and what a month brought them."""

from server.providers.arranging import to_arrange
from server.providers.onboarding import FLOW, ONBOARDING, enter
from server.providers.sheets import COLUMNS, MONTHS, SHEETS, as_csv, cells, sheet
from server.providers.sheets import check as check_sheet
from server.providers.suspensions import SUSPENDING, SUSPENSIONS, ProviderNotFound, lift, suspend
from server.providers.suspensions import listed as suspensions_of
from server.providers.suspensions import view as view_suspension
from server.providers.views import find, listed, view, workers_of

__all__ = [
    "COLUMNS",
    "FLOW",
    "MONTHS",
    "ONBOARDING",
    "SHEETS",
    "SUSPENDING",
    "SUSPENSIONS",
    "ProviderNotFound",
    "as_csv",
    "cells",
    "check_sheet",
    "enter",
    "find",
    "lift",
    "listed",
    "sheet",
    "suspend",
    "suspensions_of",
    "to_arrange",
    "view",
    "view_suspension",
    "workers_of",
]
