"""Settlement with the post office: batches and their files, the comparison, money that has come, and differences."""

import hashlib

from handlers.base import Answer, Endpoint, allow
from schemas.settlements import (
    AgingView,
    AnswersView,
    AnswerView,
    AssignDifference,
    BatchesView,
    BatchView,
    ConfirmBatch,
    DeclineDifference,
    DifferencesView,
    DifferenceView,
    FileOut,
    FindAnswers,
    FindBatches,
    FindDifferences,
    FindMatches,
    FindReceipts,
    FindRows,
    MatchesView,
    NewBatch,
    NewReceipt,
    NoteDifference,
    ReceiptsView,
    ReceiptView,
    ResolveDifference,
    ReturnReceipt,
    RowsView,
)
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Invalid
from server.settlements import aging, answers, batches, differences, money, views

TITLE = "邮政结算"
KEEPERS = ("accountant", "admin")


class AnswerEmpty(Invalid):
    """没有收到文件内容"""


def lanes(batch_id: str) -> list[str]:
    return [f"settlement {batch_id}"]


class Batches(Endpoint):
    path = "/v1/settlements"

    @allow(*KEEPERS)
    async def get(self, query: FindBatches) -> BatchesView:
        """The batches, the newest first."""
        return await self.building.db.reading(lambda reader: views.batches(reader, query, self.actor))

    @allow(*KEEPERS, status=201)
    async def post(self, new: NewBatch) -> Answer[BatchView]:
        """A new batch, which begins to look for what belongs into it; one is open at a time."""

        async def opened(tx: Tx) -> BatchView:
            batch = await batches.open_(tx, new, self.actor, self.building.settings)
            return await views.batch_view(tx, batch, self.actor)

        return await self.once(opened, status=201, lanes=["settlements"])


class OneBatch(Endpoint):
    path = "/v1/settlements/{batch_id}"

    @allow(*KEEPERS)
    async def get(self, batch_id: str) -> BatchView:
        """How far it has come, and what it comes to."""

        async def seen(reader: Reader) -> BatchView:
            return await views.batch_view(reader, await batches.find(reader, batch_id), self.actor)

        return await self.building.db.reading(seen)


class BatchRows(Endpoint):
    path = "/v1/settlements/{batch_id}/rows"

    @allow(*KEEPERS)
    async def get(self, batch_id: str, query: FindRows) -> RowsView:
        """What is in it, in the order of the file."""
        return await self.building.db.reading(lambda reader: views.rows(reader, batch_id, query))


class Freeze(Endpoint):
    path = "/v1/settlements/{batch_id}/freeze"

    @allow(*KEEPERS)
    async def post(self, batch_id: str) -> Answer[BatchView]:
        """Fix rows, totals and hash, and claim the points from the post office."""

        async def frozen(tx: Tx) -> BatchView:
            batch = await batches.freeze(tx, batch_id, self.actor, self.building.settings)
            return await views.batch_view(tx, batch, self.actor)

        return await self.once(frozen, lanes=lanes(batch_id))


class Send(Endpoint):
    path = "/v1/settlements/{batch_id}/send"

    @allow(*KEEPERS)
    async def post(self, batch_id: str) -> Answer[BatchView]:
        """The file has gone to the post office."""

        async def sent(tx: Tx) -> BatchView:
            return await views.batch_view(tx, await batches.send(tx, batch_id, self.actor), self.actor)

        return await self.once(sent, lanes=lanes(batch_id))


class BatchFile(Endpoint):
    path = "/v1/settlements/{batch_id}/file.csv"

    @allow(*KEEPERS)
    async def get(self, batch_id: str, query: FileOut) -> Answer[str]:
        """The file for the post office (docs/settlement-files.md), the same whenever it is asked for."""
        encoding = query.encoding or self.building.settings.settlements.encoding

        async def read(reader: Reader) -> str:
            return await batches.file_of(reader, await batches.find(reader, batch_id))

        text = await self.building.db.reading(read)
        await self.saw("settlement.file", batch_id)
        self.set_header("Content-Disposition", f'attachment; filename="{batch_id}.csv"')
        return Answer(text.encode(encoding), content_type=f"text/csv; charset={encoding}")


class ConfirmComparison(Endpoint):
    path = "/v1/settlements/{batch_id}/confirm"

    @allow(*KEEPERS)
    async def post(self, batch_id: str, wanted: ConfirmBatch) -> Answer[BatchView]:
        """What the comparison has found is so: by somebody who neither froze nor sent the batch."""

        async def confirmed(tx: Tx) -> BatchView:
            batch = await money.confirm(tx, batch_id, wanted, self.actor, self.building.settings)
            return await views.batch_view(tx, batch, self.actor)

        return await self.once(confirmed, lanes=lanes(batch_id))


class AnswerFiles(Endpoint):
    """The body is the file as it is."""

    path = "/v1/settlement-files"
    takes_files = True

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        return settings.settlements.max_file_bytes

    def read_no_body(self) -> None:
        """The body is the post office's own."""

    @allow(*KEEPERS)
    async def get(self, query: FindAnswers) -> AnswersView:
        """The post office's files, the newest first."""
        return await self.building.db.reading(lambda reader: views.answers_view(reader, query))

    @allow(*KEEPERS, status=201)
    async def post(self) -> Answer[AnswerView]:
        """The post office's answer to a batch (docs/settlement-files.md); the same content again is the same file."""
        content = self.request.body
        if not content:
            raise AnswerEmpty
        digest = hashlib.sha256(content).hexdigest()

        async def taken(tx: Tx) -> AnswerView:
            answer, known = await answers.receive(tx, digest, content, self.actor)
            return views.answer_view(tx, answer, known=known)

        return await self.once(taken, status=201, lanes=[f"settlement file {digest}"])


class AnswerFile(Endpoint):
    path = "/v1/settlement-files/{file_id}"

    @allow(*KEEPERS)
    async def get(self, file_id: str) -> AnswerView:
        """How far it has come, and what was found."""

        async def seen(reader: Reader) -> AnswerView:
            return views.answer_view(reader, await answers.find(reader, file_id))

        return await self.building.db.reading(seen)


class AnswerMatches(Endpoint):
    path = "/v1/settlement-files/{file_id}/matches"

    @allow(*KEEPERS)
    async def get(self, file_id: str, query: FindMatches) -> MatchesView:
        """Ours and theirs beside each other, row by row."""
        return await self.building.db.reading(lambda reader: views.matches(reader, file_id, query))


class Receipts(Endpoint):
    path = "/v1/settlements/{batch_id}/receipts"

    @allow(*KEEPERS)
    async def get(self, batch_id: str, query: FindReceipts) -> ReceiptsView:
        """The money that has come for it."""
        return await self.building.db.reading(
            lambda reader: views.receipts(reader, batch_id, query, self.actor)
        )

    @allow(*KEEPERS, status=201)
    async def post(self, batch_id: str, new: NewReceipt) -> Answer[ReceiptView]:
        """Money has come; somebody else confirms it."""

        async def entered(tx: Tx) -> ReceiptView:
            return views.receipt_view(tx, await money.enter(tx, batch_id, new, self.actor), self.actor)

        return await self.once(entered, status=201, lanes=lanes(batch_id))


class ConfirmReceipt(Endpoint):
    path = "/v1/settlement-receipts/{receipt_id}/confirm"

    @allow(*KEEPERS)
    async def post(self, receipt_id: str) -> Answer[ReceiptView]:
        """It has: posted in the ledger, once."""

        async def accepted(tx: Tx) -> ReceiptView:
            return views.receipt_view(tx, await money.accept(tx, receipt_id, self.actor), self.actor)

        return await self.once(accepted)


class ReturnOneReceipt(Endpoint):
    path = "/v1/settlement-receipts/{receipt_id}/return"

    @allow(*KEEPERS)
    async def post(self, receipt_id: str, answer: ReturnReceipt) -> Answer[ReceiptView]:
        """It has not, or not so."""

        async def returned(tx: Tx) -> ReceiptView:
            receipt = await money.hand_back(tx, receipt_id, answer.reason, self.actor)
            return views.receipt_view(tx, receipt, self.actor)

        return await self.once(returned)


class Differences(Endpoint):
    path = "/v1/settlement-differences"

    @allow(*KEEPERS)
    async def get(self, query: FindDifferences) -> DifferencesView:
        """The work list, the oldest first."""
        return await self.building.db.reading(
            lambda reader: views.differences_view(reader, query, self.actor)
        )


class OneDifference(Endpoint):
    path = "/v1/settlement-differences/{difference_id}"

    @allow(*KEEPERS)
    async def get(self, difference_id: str) -> DifferenceView:
        """What it is about, what was noted, and what can be done."""

        async def seen(reader: Reader) -> DifferenceView:
            found = await differences.find(reader, difference_id)
            return views.difference_view(reader, found, self.actor)

        return await self.building.db.reading(seen)


class Assign(Endpoint):
    path = "/v1/settlement-differences/{difference_id}/assign"

    @allow(*KEEPERS)
    async def post(self, difference_id: str, wanted: AssignDifference) -> Answer[DifferenceView]:
        """Whose it is from now on."""

        async def assigned(tx: Tx) -> DifferenceView:
            found = await differences.assign(tx, difference_id, wanted, self.actor)
            return views.difference_view(tx, found, self.actor)

        return await self.once(assigned)


class TakeNote(Endpoint):
    path = "/v1/settlement-differences/{difference_id}/note"

    @allow(*KEEPERS)
    async def post(self, difference_id: str, wanted: NoteDifference) -> Answer[DifferenceView]:
        """What was asked, and what the post office said."""

        async def noted(tx: Tx) -> DifferenceView:
            found = await differences.note(tx, difference_id, wanted, self.actor)
            return views.difference_view(tx, found, self.actor)

        return await self.once(noted)


class Resolve(Endpoint):
    path = "/v1/settlement-differences/{difference_id}/resolve"

    @allow(*KEEPERS)
    async def post(self, difference_id: str, wanted: ResolveDifference) -> Answer[DifferenceView]:
        """What becomes of it; what costs the street waits for somebody else."""

        async def resolved(tx: Tx) -> DifferenceView:
            found = await differences.resolve(tx, difference_id, wanted, self.actor)
            return views.difference_view(tx, found, self.actor)

        return await self.once(resolved)


class ApproveResolution(Endpoint):
    path = "/v1/settlement-differences/{difference_id}/approve"

    @allow(*KEEPERS)
    async def post(self, difference_id: str) -> Answer[DifferenceView]:
        """Agree to what a colleague wants."""

        async def approved(tx: Tx) -> DifferenceView:
            found = await differences.approve(tx, difference_id, self.actor)
            return views.difference_view(tx, found, self.actor)

        return await self.once(approved)


class DeclineResolution(Endpoint):
    path = "/v1/settlement-differences/{difference_id}/decline"

    @allow(*KEEPERS)
    async def post(self, difference_id: str, answer: DeclineDifference) -> Answer[DifferenceView]:
        """Hand it back with the reason."""

        async def declined(tx: Tx) -> DifferenceView:
            found = await differences.decline(tx, difference_id, answer.reason, self.actor)
            return views.difference_view(tx, found, self.actor)

        return await self.once(declined)


class Aging(Endpoint):
    path = "/v1/settlement-aging"

    @allow(*KEEPERS)
    async def get(self) -> AgingView:
        """What is open, and for how long."""
        return await self.building.db.reading(lambda reader: aging.aging(reader, self.building.settings))
