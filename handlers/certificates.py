"""Certificates: handed in, approved or handed back, and the visits that a missing one touches."""

from handlers.base import Answer, Endpoint, allow
from schemas.certificates import (
    ApprovePaper,
    CertificatesView,
    CertificateView,
    FindCertificates,
    NewPaper,
    ReturnPaper,
    RisksView,
)
from server import certificates
from server.kit.db import Tx

TITLE = "证照"


class Certificates(Endpoint):
    path = "/v1/certificates"

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: FindCertificates) -> CertificatesView:
        """Of a provider and its people, or of all in scope."""
        return certificates.listed(self.building.db.reader(), self.actor, query.provider_id)

    @allow("provider", "dispatcher", "admin", status=201)
    async def post(self, new: NewPaper) -> Answer[CertificateView]:
        """Hand in a paper; it counts when somebody else has approved it."""

        async def handed_in(tx: Tx) -> CertificateView:
            done = await certificates.hand_in(tx, new, self.actor, self.building.vault)
            return certificates.view(tx, done)

        return await self.once(handed_in, status=201)


class Risks(Endpoint):
    path = "/v1/certificates/risks"

    @allow("provider", "dispatcher", "admin")
    async def get(self) -> RisksView:
        """Visits that were given to somebody who will lack a paper on their day."""
        return await self.building.db.reading(lambda reader: certificates.risks(reader, self.actor))


class Certificate(Endpoint):
    path = "/v1/certificates/{certificate_id}"

    @allow("provider", "dispatcher", "admin")
    async def get(self, certificate_id: str) -> CertificateView:
        """One, with the paper that waits for an answer."""
        reader = self.building.db.reader()
        return certificates.view(reader, certificates.find(reader, certificate_id, self.actor))


class Approve(Endpoint):
    path = "/v1/certificates/{certificate_id}/approve"

    @allow("dispatcher", "admin")
    async def post(self, certificate_id: str, seen: ApprovePaper) -> Answer[CertificateView]:
        """Approve what somebody else has handed in; it holds at once."""

        async def approved(tx: Tx) -> CertificateView:
            done = await certificates.approve(tx, certificate_id, seen.version, self.actor)
            return certificates.view(tx, done)

        return await self.once(approved)


class Return(Endpoint):
    path = "/v1/certificates/{certificate_id}/return"

    @allow("dispatcher", "admin")
    async def post(self, certificate_id: str, answer: ReturnPaper) -> Answer[CertificateView]:
        """Hand it back with the reason."""

        async def returned(tx: Tx) -> CertificateView:
            done = await certificates.return_(tx, certificate_id, answer.version, answer.reason, self.actor)
            return certificates.view(tx, done)

        return await self.once(returned)
