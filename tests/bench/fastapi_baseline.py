"""A peer to compare with: "my cases" as FastAPI, pydantic and PyMongo's asyncio API would do it well."""

import hashlib
import sys
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel
from pymongo import AsyncMongoClient


class Action(BaseModel):
    name: str
    text: str
    danger: bool = False
    fields: list[dict[str, Any]] = []


class Named(BaseModel):
    id: str
    name: str
    phone: str | None = None


class CaseOut(BaseModel):
    case_no: str
    kind: str
    title: str
    state: str
    actions: list[Action]
    version: int
    created_at: datetime
    updated_at: datetime
    channel: str
    resident: Named | None
    provider: Named | None
    open: bool
    details: dict[str, Any]


class CasesOut(BaseModel):
    items: list[CaseOut]
    next: str | None


def make(url: str, database: str) -> FastAPI:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, tz_aware=True)
    db = client[database]
    app = FastAPI()

    async def who(authorization: str = Header()) -> str:
        digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
        session = await db.sessions.find_one({"_id": digest})
        if session is None or session["expires_at"] < datetime.now(UTC):
            raise HTTPException(401)
        return str(session["actor_id"])

    @app.get("/v1/cases", response_model=CasesOut)
    async def cases(limit: int = 20, resident: str = Depends(who)) -> CasesOut:
        found = db.cases.find({"resident_id": resident}).sort([("created_at", -1), ("_id", -1)])
        documents = await found.limit(limit + 1).to_list(limit + 1)
        items = [out(one) for one in documents[:limit]]
        return CasesOut(items=items, next=items[-1].case_no if len(documents) > limit else None)

    return app


def out(document: dict[str, Any]) -> CaseOut:
    return CaseOut(
        case_no=document["_id"],
        kind=document["kind"],
        title=document["title"],
        state=document["state"],
        actions=[Action(name="cancel", text="取消预约", danger=True)] if document["open"] else [],
        version=document["version"],
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        channel=document["channel"],
        resident=Named(id=document["resident_id"], name=document["resident_name"]),
        provider=Named(id=document["provider_id"], name="爱洁家政"),
        open=document["open"],
        details=document["details"],
    )


if __name__ == "__main__":
    config = uvicorn.Config(
        make(sys.argv[2], sys.argv[3]),
        fd=int(sys.argv[1]),
        log_level="error",
        loop="asyncio",
        http="httptools",
    )
    uvicorn.Server(config).run()
