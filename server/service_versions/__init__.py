"""The catalogue desk: services are drafted by one, published by another, retired, and kept version by version."""

from server.service_versions.acts import (
    draft_change,
    draft_new,
    draft_retirement,
    publish,
    return_,
    withdraw,
)
from server.service_versions.checks import form_of
from server.service_versions.stored import (
    FIRST,
    SERVICE_VERSIONS,
    STREET,
    ServiceOfNobody,
    ServiceVersion,
    ServiceVersionNotFound,
    check_provider,
    may_see,
    number_of,
    own_providers,
    service_in_scope,
)
from server.service_versions.views import (
    fields_of,
    listed,
    of_service,
    one_view,
    services_in_scope,
    touched,
    view,
)
from server.service_versions.words import DISPATCHES, FIELD_TYPES, MODES, PROOFS, clock, terms

__all__ = [
    "DISPATCHES",
    "FIELD_TYPES",
    "FIRST",
    "MODES",
    "PROOFS",
    "SERVICE_VERSIONS",
    "STREET",
    "ServiceOfNobody",
    "ServiceVersion",
    "ServiceVersionNotFound",
    "check_provider",
    "clock",
    "draft_change",
    "draft_new",
    "draft_retirement",
    "fields_of",
    "form_of",
    "listed",
    "may_see",
    "number_of",
    "of_service",
    "one_view",
    "own_providers",
    "publish",
    "return_",
    "service_in_scope",
    "services_in_scope",
    "terms",
    "touched",
    "view",
    "withdraw",
]
