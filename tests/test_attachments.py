"""Files on a case: what comes in is what it says it is, what is kept is clean, what nobody uses is gone, and only a
link that is ours opens one."""

import asyncio
import io
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from PIL import Image

from schemas.staff import Grant
from server.attachments import ATTACHMENTS
from server.kit.db.gridfs import BUCKET
from tests import pictures
from tests.browser import Browser, sealed
from tests.doors import Happy, Visit
from tests.world import Person, Reply, Shop, World

COVERS = {("POST", "/v1/cases/{case_no}/attachments"), ("GET", "/files/{file_id}")}
MB = 1 << 20


async def booked(world: World) -> tuple[Shop, Person, str]:
    shop, resident = await world.shop(), await world.resident()
    case_no: str = (await shop.booked(resident))["case_no"]
    return shop, resident, case_no


async def sent(
    who: Person | None, case_no: str, content: bytes, key: str | None = None, **headers: str
) -> Reply:
    assert who is not None
    given = {"Content-Type": "image/jpeg"} | {name.replace("_", "-"): text for name, text in headers.items()}
    path = f"/v1/cases/{case_no}/attachments"
    return await who.world.call("POST", path, raw=content, token=who.token, key=key, headers=given)


def form_of(content: bytes, fields: dict[str, str] | None = None, files: int = 1) -> tuple[bytes, str]:
    parts = [
        f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in (fields or {}).items()
    ]
    head = (
        b'--xYz\r\nContent-Disposition: form-data; name="file"; filename="a.exe"\r\nContent-Type: x/y\r\n\r\n'
    )
    return b"".join(
        [*parts, *[head + content + b"\r\n"] * files, b"--xYz--\r\n"]
    ), "multipart/form-data; boundary=xYz"


async def attached(who: Person, case_no: str, content: bytes) -> dict[str, Any]:
    reply = await sent(who, case_no, content)
    assert reply.status == 201, reply.body
    view: dict[str, Any] = reply.json
    return view


async def opened(world: World, url: str) -> Reply:
    return await world.call("GET", url)


async def bytes_kept(world: World) -> tuple[int, int, int]:
    """Rows, files and pieces there are in all."""
    database = world.house.db._handle
    return (
        await database[ATTACHMENTS.name].count_documents({}),
        await database[f"{BUCKET}.files"].count_documents({}),
        await database[f"{BUCKET}.chunks"].count_documents({}),
    )


async def cleared(world: World) -> tuple[int, int, int]:
    """What other tests have left is swept; what is kept then."""
    world.clock.advance(timedelta(hours=6))
    await world.work()
    return await bytes_kept(world)


async def swept(world: World) -> None:
    """An hour and a minute later the worker comes round."""
    world.clock.advance(timedelta(minutes=61))
    await world.work()


# What comes in.


@pytest.mark.parametrize(
    ("content", "kept_as"),
    [
        (pictures.photo(), "image/jpeg"),
        (pictures.photo(form="PNG"), "image/png"),
        (pictures.photo(form="WEBP"), "image/jpeg"),
        (pictures.pdf(), "application/pdf"),
    ],
    ids=["jpeg", "png", "webp", "pdf"],
)
async def test_a_file_is_known_by_its_content_whatever_it_is_called(
    world: World, content: bytes, kept_as: str
) -> None:
    _, resident, case_no = await booked(world)
    reply = await sent(resident, case_no, content, Content_Type="text/html")
    assert reply.status == 201, reply.body
    view = reply.json
    assert view["type"] == kept_as
    whole = await opened(world, view["url"])
    assert (whole.status, whole.headers["Content-Type"], len(whole.body)) == (200, kept_as, view["size"])
    if kept_as == "application/pdf":
        assert whole.body == content and view["thumbnail_url"] is None
        assert whole.headers["Content-Disposition"].startswith("attachment;")
    else:
        small = await opened(world, view["thumbnail_url"])
        assert max(Image.open(io.BytesIO(small.body)).size) == 320
        assert Image.open(io.BytesIO(whole.body)).size == (640, 480) == (view["width"], view["height"])
        assert whole.headers["Content-Disposition"].startswith("inline;")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole.headers["Content-Security-Policy"]


async def test_a_form_with_one_file_is_as_good(world: World) -> None:
    _, resident, case_no = await booked(world)
    for content in (pictures.pdf(300_000), pictures.photo()):
        body, media = form_of(content, {"user": "x", "empty": ""})
        reply = await sent(resident, case_no, body, Content_Type=media)
        assert reply.status == 201, reply.body
        if reply.json["type"] == "application/pdf":
            assert (await opened(world, reply.json["url"])).body == content


@pytest.mark.parametrize(
    ("body", "media", "code"),
    [
        (form_of(pictures.photo(), files=2)[0], "multipart/form-data; boundary=xYz", "one_file_only"),
        (form_of(b"", {"a": "b"}, files=0)[0], "multipart/form-data; boundary=xYz", "file_broken"),
        (form_of(pictures.photo())[0][:-9], "multipart/form-data; boundary=xYz", "form_broken"),
        (form_of(pictures.photo())[0], "multipart/form-data", "form_broken"),
        (
            form_of(pictures.photo(), {"long": "x" * 5000})[0],
            "multipart/form-data; boundary=xYz",
            "form_broken",
        ),
    ],
    ids=["two files", "no file", "cut short", "no boundary", "a field too long"],
)
async def test_a_form_that_is_not_one_file_is_refused(
    world: World, body: bytes, media: str, code: str
) -> None:
    _, resident, case_no = await booked(world)
    before = await bytes_kept(world)
    reply = await sent(resident, case_no, body, Content_Type=media)
    assert (reply.status, reply.code) == (422, code)
    assert await bytes_kept(world) == before


POLYGLOT = "file_doubtful"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "file_broken"),
        (b"\xff\xd8", 422, "file_broken"),
        (b"GIF89a" + b"\0" * 100, 415, "file_type_refused"),
        (b"<html><script>alert(1)</script></html>", 415, "file_type_refused"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', 415, "file_type_refused"),
        (pictures.archive(), 415, "file_type_refused"),
        (b"\xff\xd8\xff\xe0 no picture at all", 422, "file_broken"),
        (pictures.photo()[:-2000], 422, "file_broken"),
        (pictures.photo(form="PNG")[:-20], 422, "file_broken"),
        (pictures.pdf()[:-10], 422, "file_broken"),
        (pictures.photo() + pictures.archive(), 422, POLYGLOT),
        (pictures.photo(form="PNG") + pictures.archive(), 422, POLYGLOT),
        (pictures.pdf() + pictures.archive(), 422, POLYGLOT),
        (pictures.pdf()[:-7] + pictures.archive() + b"%%EOF\n", 422, POLYGLOT),
        (pictures.photo() + b"<HTML><Script>alert(1)</script>", 422, POLYGLOT),
        (pictures.photo(comment=b"<script>alert(1)</script>"), 422, POLYGLOT),
        (b"%PDF-1.4\n<html><script>1</script>" + pictures.pdf(), 422, POLYGLOT),
        (pictures.huge_png(), 422, "picture_too_detailed"),
        (pictures.huge_png(9000, 9000), 422, "picture_too_detailed"),
        (pictures.huge_png(6000, 6000), 422, "file_broken"),
    ],
)
async def test_what_is_no_honest_photo_or_paper_is_refused_and_not_kept(
    world: World, content: bytes, status: int, code: str
) -> None:
    _, resident, case_no = await booked(world)
    before = await bytes_kept(world)
    reply = await sent(resident, case_no, content)
    assert (reply.status, reply.code) == (status, code), reply.body
    assert await bytes_kept(world) == before


async def test_where_and_with_what_a_photo_was_taken_does_not_stay(world: World) -> None:
    _, resident, case_no = await booked(world)
    content = pictures.photo_with_place()
    assert b"SecretPhone" in content and Image.open(io.BytesIO(content)).getexif().get_ifd(pictures.GPS)
    view = await attached(resident, case_no, content)
    for url in (view["url"], view["thumbnail_url"]):
        kept = (await opened(world, url)).body
        assert not Image.open(io.BytesIO(kept)).getexif()
        assert b"Secret" not in kept and b"Exif" not in kept
    assert (view["width"], view["height"]) == (480, 640), "turned upright"


async def test_what_hangs_behind_a_photo_does_not_stay(world: World) -> None:
    _, resident, case_no = await booked(world)
    view = await attached(resident, case_no, pictures.photo() + b"MotionPhoto" * 100)
    assert b"MotionPhoto" not in (await opened(world, view["url"])).body


# How much.


async def test_twenty_megabytes_come_and_go_in_a_stream(world: World) -> None:
    _, resident, case_no = await booked(world)
    content = pictures.pdf(20 * MB - 1000)
    process = psutil.Process()
    before, stop = process.memory_info().rss, asyncio.Event()
    most = asyncio.create_task(_highest(process, stop))

    view = await attached(resident, case_no, content)
    whole = await opened(world, view["url"])

    stop.set()
    assert whole.body == content
    # The client in this process holds the body once going up and twice coming down.
    assert await most - before < 120 * MB


async def _highest(process: psutil.Process, stop: asyncio.Event) -> int:
    most = 0
    while not stop.is_set():
        most = max(most, process.memory_info().rss)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.01)
    return most


@pytest.mark.parametrize(
    ("content", "most"),
    [(pictures.photo() + b"\0" * (10 * MB), "10 MB"), (pictures.pdf(20 * MB + 1000), "20 MB")],
    ids=["photo", "pdf"],
)
async def test_one_byte_too_much_is_refused_in_words(world: World, content: bytes, most: str) -> None:
    _, resident, case_no = await booked(world)
    before = await bytes_kept(world)
    reply = await sent(resident, case_no, content)
    assert (reply.status, reply.code) == (413, "file_too_large")
    assert most in reply.json["error"]["message"]
    assert await bytes_kept(world) == before


async def test_only_this_address_takes_so_much(world: World) -> None:
    _, resident, case_no = await booked(world)
    announced = await sent(resident, case_no, b"x" * (21 * MB))
    assert (announced.status, announced.code) == (413, "too_large")
    for path in (f"/v1/cases/{case_no}/messages", f"/v1/cases/{case_no}/cancel"):
        reply = await world.call("POST", path, raw=b" " * (2 * MB), token=resident.token)
        assert (reply.status, reply.code) == (413, "too_large")


async def test_who_uploads_and_never_sends_is_stopped(world: World) -> None:
    _, resident, case_no = await booked(world)
    most = world.house.settings.attachments.most_unclaimed
    for _ in range(most):
        await attached(resident, case_no, pictures.pdf(200))
    stopped = await sent(resident, case_no, pictures.pdf(200))
    assert (stopped.status, stopped.code) == (429, "attachments_too_many")
    await swept(world)
    await attached(resident, case_no, pictures.pdf(200))


# Whose.


async def test_nobody_else_sends_files_to_a_case(world: World) -> None:
    shop, resident, case_no = await booked(world)
    other = await world.shop()
    accountant = await world.staff(Grant(role="accountant"))
    for stranger in (await world.resident(), other.manager, shop.worker, accountant):
        reply = await sent(stranger, case_no, pictures.photo())
        assert (reply.status, reply.code) == (404, "case_not_found")
        unknown = await sent(stranger, "nothing", pictures.photo())
        assert (unknown.status, unknown.code) == (404, "case_not_found")
    path = f"/v1/cases/{case_no}/attachments"
    nobody = await world.call("POST", path, raw=pictures.photo(), headers={"Content-Type": "image/jpeg"})
    assert nobody.status == 401
    assert (await sent(resident, case_no, pictures.photo())).status == 201


async def test_a_link_that_is_old_or_made_up_opens_nothing(world: World) -> None:
    _, resident, case_no = await booked(world)
    view = await attached(resident, case_no, pictures.photo())
    parts = urlsplit(view["url"])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    later = str(int(query["until"]) + 1)
    forged = [
        f"{parts.path}?until={later}&sig={query['sig']}",
        f"{parts.path}?until={query['until']}&sig={'0' * 64}",
        f"{parts.path}.thumb?{parts.query}",
        f"/files/another?{parts.query}",
    ]
    for url in forged:
        refused = await opened(world, url)
        assert (refused.status, refused.code) == (403, "link_invalid"), url
    for url in (parts.path, f"{parts.path}?until=x&sig=y", f"{view['url']}&more=1"):
        assert (await opened(world, url)).status == 422
    world.clock.advance(timedelta(seconds=world.house.settings.attachments.link_s + 1))
    assert (await opened(world, view["url"])).code == "link_invalid"


async def test_head_of_a_file_is_its_get_without_the_content(world: World) -> None:
    _, resident, case_no = await booked(world)
    view = await attached(resident, case_no, pictures.photo())
    bare = await world.call("HEAD", view["url"])
    assert (bare.status, bare.body, bare.headers["Content-Length"]) == (200, b"", str(view["size"]))


# What becomes of it.


async def test_a_message_claims_its_files_and_both_sides_see_them(world: World) -> None:
    shop, resident, case_no = await booked(world)
    view = await attached(resident, case_no, pictures.photo())
    path = f"/v1/cases/{case_no}/messages"
    said = await resident.post(path, {"attachments": [view["id"], view["id"]]})
    assert (said.status, [one["id"] for one in said.json["attachments"]]) == (201, [view["id"]])
    await swept(world)
    for who in (resident, shop.manager):
        shown = (await who.get(path)).json["items"][0]["attachments"]
        assert (await opened(world, shown[0]["url"])).status == 200
    page = await Browser(world, shop.manager.token).get(f"/console/cases/{case_no}")
    assert f"/files/{view['id']}.thumb?" in page.body


async def test_files_are_claimed_once_by_who_sent_them_on_the_same_case(world: World) -> None:
    shop, resident, case_no = await booked(world)
    view = await attached(resident, case_no, pictures.photo())
    second = (await shop.booked(resident, world.at(15)))["case_no"]

    async def claimed(who: Person, case: str) -> tuple[int, str]:
        reply = await who.post(f"/v1/cases/{case}/messages", {"text": "看", "attachments": [view["id"]]})
        return reply.status, reply.code

    refused = (404, "attachment_not_found")
    assert await claimed(shop.manager, case_no) == refused
    assert await claimed(resident, second) == refused
    assert (await resident.get(f"/v1/cases/{second}/messages")).json["items"] == []
    assert await claimed(resident, case_no) == (201, "")
    assert await claimed(resident, case_no) == refused


async def test_tapped_twice_one_file_is_kept(world: World) -> None:
    _, resident, case_no = await booked(world)
    content = pictures.photo()
    before = await bytes_kept(world)
    replies = await asyncio.gather(*(sent(resident, case_no, content, key="tap-1") for _ in range(3)))
    assert {one.status for one in replies} == {201}
    assert len({one.json["id"] for one in replies}) == 1
    rows, files, _ = await bytes_kept(world)
    assert (rows - before[0], files - before[1]) == (1, 2), "the photo and its thumbnail"
    other = await sent(resident, case_no, pictures.photo(100, 100), key="tap-1")
    assert (other.status, other.code) == (409, "idempotency_mismatch")
    assert (await bytes_kept(world))[:2] == (rows, files)


async def test_what_nobody_uses_is_gone_within_the_hour_and_no_byte_of_it_stays(world: World) -> None:
    _, resident, case_no = await booked(world)
    before = await cleared(world)
    view = await attached(resident, case_no, pictures.photo())
    await attached(resident, case_no, pictures.pdf(2 * MB))
    world.clock.advance(timedelta(minutes=59))
    await world.work()
    assert (await bytes_kept(world))[0] == before[0] + 2
    await swept(world)
    assert await bytes_kept(world) == before
    reply = await resident.post(f"/v1/cases/{case_no}/messages", {"attachments": [view["id"]]})
    assert (reply.status, reply.code) == (404, "attachment_not_found")


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "in chunks"])
async def test_an_upload_that_is_cut_off_leaves_nothing_after_the_sweep(world: World, chunked: bool) -> None:
    _, resident, case_no = await booked(world)
    before = await cleared(world)
    half = pictures.pdf(2 * MB)
    how = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {4 * MB}"
    host, port = world.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    first = f"POST /v1/cases/{case_no}/attachments HTTP/1.1"
    head = "\r\n".join((first, "Host: x", f"Authorization: Bearer {resident.token}", how, "", ""))
    writer.write(head.encode() + (f"{len(half):x}\r\n".encode() if chunked else b"") + half)
    await writer.drain()

    async def half_arrived() -> bool:
        return (await bytes_kept(world))[2] >= before[2] + 4

    await world.until(half_arrived, "some of it is stored")
    writer.close()

    async def noticed() -> bool:
        return world.house.lifecycle.in_flight == 0

    await world.until(noticed, "the server sees that the client is gone")
    await swept(world)
    assert await bytes_kept(world) == before


async def visit_files(world: World) -> Visit:
    _, resident, case_no = await booked(world)
    return Visit(who=resident, path=f"/v1/cases/{case_no}/attachments", stranger=await world.resident())


HAPPY: Happy = {("GET", "/v1/cases/{case_no}/attachments"): visit_files}


# Proof of work.


async def working(world: World) -> tuple[Shop, Person, str]:
    """A service that asks for photos of before and after, being done."""
    shop, resident = await world.shop(proof=["before", "after"]), await world.resident()
    case_no: str = (await shop.brought_to("in_service", resident))["case_no"]
    return shop, resident, case_no


async def test_work_that_has_to_be_proved_is_not_finished_without_its_photos(world: World) -> None:
    shop, resident, case_no = await working(world)
    told = (await resident.get(f"/v1/services/{shop.service_id}")).json
    assert told["proof"] == ["before", "after"]
    before = (await attached(shop.worker, case_no, pictures.photo()))["id"]
    world.clock.advance(timedelta(hours=3))
    await world.work()
    after = (await attached(shop.worker, case_no, pictures.photo(form="PNG")))["id"]
    paper = (await attached(shop.worker, case_no, pictures.pdf()))["id"]
    residents_own = (await attached(resident, case_no, pictures.photo()))["id"]

    for form, status, code in (
        ({}, 422, "proof_missing"),
        ({"before": [before]}, 422, "proof_missing"),
        ({"before": [before], "after": [paper]}, 404, "attachment_not_found"),
        ({"before": [before], "after": [residents_own]}, 404, "attachment_not_found"),
        ({"before": [before], "after": [before]}, 404, "attachment_not_found"),
    ):
        refused = await shop.worker.act(case_no, "finish", **form)
        assert (refused.status, refused.code) == (status, code), refused.body
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "in_service"

    done = await shop.worker.act(case_no, "finish", before=[before], after=[after])

    assert (done.status, done.json["state"]) == (200, "done")
    files = (await resident.get(f"/v1/cases/{case_no}/attachments")).json["items"]
    assert {one["use"]: one["id"] for one in files} == {"before": before, "after": after}
    assert [(await opened(world, one["url"])).status for one in files] == [200, 200]


async def test_a_worker_proves_the_work_on_the_page(world: World) -> None:
    shop, resident, case_no = await working(world)
    for _ in range(2):
        await attached(shop.worker, case_no, pictures.photo())
    browser = Browser(world, shop.worker.token)
    page = await browser.get(f"/console/cases/{case_no}")
    boxes = sorted(name for name in page.form("/finish").named if ":" in name)
    first = next(name for name in boxes if name.startswith("before:"))
    last = next(name for name in boxes if name.startswith("after:") and first[7:] not in name)
    refused = await browser.press(page, "/finish", **{first: "1"})
    assert (refused.status, "完成后的照片" in refused.text) == (422, True)
    assert (await browser.press(page, "/finish", **{first: "1", last: "1"})).status == 303
    files = (await resident.get(f"/v1/cases/{case_no}/attachments")).json["items"]
    assert sorted(one["use"] for one in files) == ["after", "before"]


# The staff's pages.


async def test_staff_send_a_photo_from_the_page(world: World) -> None:
    shop, resident, case_no = await booked(world)
    browser, address = Browser(world, shop.manager.token), f"/console/cases/{case_no}"
    form = (await browser.get(address)).form("/attachments")
    cookie = {"Cookie": f"hoelun_staff={sealed(world, shop.manager.token)}"}

    async def pressed(fields: dict[str, str], content: bytes) -> Reply:
        body, media = form_of(content, fields)
        return await world.call("POST", form.action, raw=body, headers=cookie | {"Content-Type": media})

    hidden = {name: form.fields[name] for name in ("_xsrf", "_key")}
    assert (await pressed(hidden | {"_xsrf": "0" * 64}, pictures.photo())).status == 403
    assert (await pressed(hidden, b"nothing good")).status == 415
    page = await browser.get(address)
    assert not [name for name in page.form("/messages").named if name.startswith("attachments:")]

    sent_up = await pressed(hidden, pictures.photo())

    assert sent_up.status == 200, "it is there, after one redirect"
    page = await browser.get(address)
    (box,) = [name for name in page.form("/messages").named if name.startswith("attachments:")]
    answered = await browser.press(page, "/messages", **{"text": "请看", box: "1"})
    assert answered.status == 303
    said = (await resident.get(f"/v1/cases/{case_no}/messages")).json["items"][0]
    assert [one["type"] for one in said["attachments"]] == ["image/jpeg"]
