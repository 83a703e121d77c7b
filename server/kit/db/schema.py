"""`$jsonSchema` validators from the stored Structs, and the start-up check that collections are as declared."""

import asyncio
from typing import Any

from msgspec import inspect
from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from server.kit.db.collection import Collection, Index

_PLAIN: dict[type, Any] = {
    inspect.BoolType: "bool",
    inspect.NoneType: "null",
    inspect.DateTimeType: "date",
    inspect.DateType: "string",
    inspect.TimeType: "string",
    inspect.BytesType: "binData",
}
_AT_ONCE = 8
_NAMESPACE_EXISTS = 48
_INDEX_CONFLICTS = (85, 86)
"""IndexOptionsConflict, IndexKeySpecsConflict: an earlier version declared the same keys otherwise."""


def validator(stored: type) -> dict[str, Any]:
    """The schema MongoDB checks on every write; unknown top-level fields are refused."""
    return {"$jsonSchema": _schema(inspect.type_info(stored), closed=True)}


def _schema(kind: inspect.Type, closed: bool = False) -> dict[str, Any]:
    if type(kind) in _PLAIN:
        return {"bsonType": _PLAIN[type(kind)]}
    match kind:
        case inspect.StrType():
            return {"bsonType": "string"} | _limits(minLength=kind.min_length, maxLength=kind.max_length)
        case inspect.IntType():
            return {"bsonType": ["int", "long"]} | _limits(minimum=kind.ge, maximum=kind.le)
        case inspect.FloatType():
            return {"bsonType": ["double", "int", "long"]} | _limits(minimum=kind.ge, maximum=kind.le)
        case inspect.LiteralType():
            return {"enum": list(kind.values)}
        case inspect.EnumType():
            return {"enum": [one.value for one in kind.cls]}
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return {"bsonType": "array", "items": _schema(kind.item_type)}
        case inspect.UnionType():
            return {"anyOf": [_schema(one) for one in kind.types]}
        case inspect.StructType():
            return _object(kind, closed)
        case inspect.DictType():
            return {"bsonType": "object"}
    return {}


def _object(kind: inspect.StructType, closed: bool) -> dict[str, Any]:
    properties = {one.encode_name: _schema(one.type) for one in kind.fields}
    required = [one.encode_name for one in kind.fields if one.required]
    if kind.tag_field is not None:
        properties[kind.tag_field] = {"enum": [kind.tag]}
        required.append(kind.tag_field)
    schema: dict[str, Any] = {"bsonType": "object", "properties": properties}
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    return schema


def _limits(**limits: Any) -> dict[str, Any]:
    return {name: value for name, value in limits.items() if value is not None}


async def ensure(handle: Any, collections: list[Collection[Any]]) -> None:
    """Create what is missing and renew what differs; safe to run in several processes at once."""
    existing = {one["name"]: one async for one in await handle.list_collections()}
    turns = asyncio.Semaphore(_AT_ONCE)

    async def in_turn(collection: Collection[Any]) -> None:
        async with turns:
            await _ensure(handle, collection, existing.get(collection.name))

    await asyncio.gather(*(in_turn(one) for one in collections))


async def _ensure(handle: Any, collection: Collection[Any], found: dict[str, Any] | None) -> None:
    wanted = validator(collection.stored)
    if found is None:
        await _create(handle, collection, wanted)
    elif found.get("options", {}).get("validator") != wanted:
        await handle.command("collMod", collection.name, validator=wanted)
    if collection.indexes:
        await _ensure_indexes(handle[collection.name], [_model(one) for one in collection.indexes])


async def _create(handle: Any, collection: Collection[Any], wanted: dict[str, Any]) -> None:
    try:
        await handle.create_collection(collection.name, validator=wanted)
    except CollectionInvalid:
        pass
    except OperationFailure as error:
        if error.code != _NAMESPACE_EXISTS:
            raise


def _model(index: Index) -> IndexModel:
    options: dict[str, Any] = {"name": index.name, "unique": index.unique}
    if index.only is not None:
        options["partialFilterExpression"] = dict(index.only)
    if index.expire_after_s is not None:
        options["expireAfterSeconds"] = index.expire_after_s
    return IndexModel(index.key_pattern(), **options)


async def _ensure_indexes(handle: Any, models: list[IndexModel]) -> None:
    """All in one command, which costs the database one pass; one by one where an earlier version's is in the way."""
    try:
        await handle.create_indexes(models)
    except OperationFailure as error:
        if error.code not in _INDEX_CONFLICTS:
            raise
        if len(models) > 1:
            for model in models:
                await _ensure_indexes(handle, [model])
            return
        await handle.drop_index(models[0].document["name"])
        await handle.create_indexes(models)


async def problems(handle: Any, collections: list[Collection[Any]]) -> list[str]:
    """What differs between the declared collections and those in the database, in words."""
    found: list[str] = []
    existing = {one["name"]: one async for one in await handle.list_collections()}
    for collection in collections:
        if collection.name not in existing:
            found.append(f"{collection.name}: missing")
            continue
        if existing[collection.name].get("options", {}).get("validator") != validator(collection.stored):
            found.append(f"{collection.name}: validator differs")
        indexes = await handle[collection.name].index_information()
        found += [
            f"{collection.name}: no index {one.name}" for one in collection.indexes if one.name not in indexes
        ]
    return found
