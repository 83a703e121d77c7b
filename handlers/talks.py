"""Messages between resident and staff on a case."""

from handlers.base import Answer, Endpoint, allow
from schemas.common import Nothing
from schemas.talks import FindTalks, NewTalk, TalksView, TalkView
from server import attachments, cases, talks
from server.kit.db import Reader, Tx

TITLE = "办件留言"


class Talks(Endpoint):
    path = "/v1/cases/{case_no}/messages"

    @allow("resident", "staff")
    async def get(self, case_no: str, query: FindTalks) -> TalksView:
        """The conversation on this case, newest first."""

        async def seen(reader: Reader) -> TalksView:
            case = await cases.find(reader, case_no, self.actor)
            return await talks.listed(
                reader, case, self.actor, self.building.settings, cursor=query.cursor, limit=query.limit
            )

        return await self.building.db.reading(seen)

    @allow("resident", "staff", status=201)
    async def post(self, case_no: str, said: NewTalk) -> Answer[TalkView]:
        """Say something, or send files that were uploaded before; the other side hears of it."""

        async def told(tx: Tx) -> TalkView:
            case = await cases.find(tx, case_no, self.actor)
            talk = await talks.say(tx, case, self.actor, said, self.channel)
            shown = await attachments.views(tx, talk.attachments, self.building.settings)
            return talks.view(tx, talk, self.actor, shown)

        answer = await self.once(told, status=201, lanes=[f"talks-{case_no}"])
        self.building.unread.changed(case_no)
        return answer


class TalksRead(Endpoint):
    path = "/v1/cases/{case_no}/messages/read"

    @allow("resident", "staff")
    async def post(self, case_no: str) -> Answer[Nothing]:
        """All that was said so far is read."""

        async def read(tx: Tx) -> Nothing:
            case = await cases.find(tx, case_no, self.actor)
            await talks.read(tx, case, self.actor)
            return Nothing()

        answer = await self.once(read, lanes=[f"talks-{case_no}"])
        self.building.unread.changed(case_no)
        return answer
