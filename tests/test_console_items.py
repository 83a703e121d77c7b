"""Items on the desk's pages: written by one, published by another, compared, brought in and out as files."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from msgspec.structs import replace
from tornado.httpclient import HTTPRequest

from handlers.console import item_forms
from schemas.items import FindItemFile, ItemBody, Step
from server import items
from server.items import ITEMS
from tests.browser import Browser, Seen
from tests.pictures import photo
from tests.test_items import DEMO, body_of, code_of, desk, drafted, in_use, published, until_in_force
from tests.world import Person, World


class _Sheet(HTMLParser):
    """What a browser would send of the long form: also what stands in selects and text areas, and nothing of what is
    only a template for new rows."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._inside = self._templates = 0
        self._name = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._templates += tag == "template"
        self._inside += tag == "form" and given.get("action", "").endswith("/edit")
        if not self._inside or self._templates:
            return
        name = given.get("name", "")
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            self.fields[name] = given.get("value", "")
        elif tag == "textarea":
            self._name, self.fields[name] = name, ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.fields):
            self.fields[self._select] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._name:
            self.fields[self._name] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"
        self._inside -= tag == "form" and self._inside
        if tag == "textarea":
            self._name = ""
        if tag == "select":
            self._select = ""


def sheet(seen: Seen) -> dict[str, str]:
    parser = _Sheet()
    parser.feed(seen.body)
    return parser.fields


async def two(world: World) -> tuple[Browser, Browser, Person]:
    writer, other = await desk(world)
    return Browser(world, writer.token), Browser(world, other.token), writer


async def test_an_item_is_written_changed_published_by_another_and_retired_on_the_pages(world: World) -> None:
    mine, theirs, writer = await two(world)
    like, code = await in_use(world), code_of()
    listed = await mine.get("/console/items")
    bad = await mine.press(listed, "/items", name="义务巡逻证", code="小写", like="")
    assert bad.status == 422 and "事项编码用大写字母" in bad.text and "义务巡逻证" in bad.body
    page = await mine.follow(
        await mine.press(listed, "/items", name="义务巡逻证", code=code.lower(), like=like.code)
    )
    assert "草稿已存好" in page.text and "居民手机上是这样" in page.text and "义务巡逻证" in page.text
    assert (await world.call("GET", f"/v1/items/{code}")).status == 404

    form = await mine.get(f"/console/items/{code}/1/edit")
    given = sheet(form)
    assert given["promised_days"] == "15" and given["materials.4.answers"] == "家里人代办"
    wrong = await mine.post(form.url, given | {"promised_days": "30", "name": "社区巡逻证"})
    assert wrong.status == 422 and "“承诺时限”：承诺时限不能比法定时限长" in wrong.text
    assert 'data-wrong="promised_days"' in wrong.body and "社区巡逻证" in wrong.body, "nothing typed is lost"
    page = await mine.follow(await mine.post(form.url, given | {"promised_days": "12"}))
    assert "草稿已保存" in page.text and "受理后 12 个工作日内办完" in page.text
    page = await mine.follow(await mine.press(page, "/propose"))
    assert "您写过这一版，要由另一位同事来发布" in page.text
    assert not [one for one in page.forms if one.action.endswith("/publish")]

    page = await theirs.get(f"/console/items/{code}/1")
    page = await theirs.follow(await theirs.press(page, "/return", reason="名称不对"))
    assert "已退回修改" in page.text and "名称不对" in page.text
    again = await mine.get(f"/console/items/{code}/1/edit")
    page = await mine.follow(await mine.post(again.url, sheet(again) | {"name": "巡逻证"}))
    await mine.press(page, "/propose")
    page = await theirs.follow(await theirs.press(await theirs.get(f"/console/items/{code}/1"), "/publish"))
    assert "已发布，从现在起申请的按这一版办" in page.text
    await until_in_force(world, f"/v1/items/{code}/versions/1")
    guide = (await world.call("GET", f"/v1/items/{code}")).json
    assert (guide["name"], guide["promised_days"]) == ("巡逻证", 12)
    assert guide["materials"][4]["when"] == {"field": "applicant", "is": ["family"]}

    page = await mine.get(f"/console/items/{code}/1")
    page = await mine.follow(await mine.press(page, "/retire", reason="不再办了"))
    assert "已停用，居民不能再申请" in page.text and "不再办了" in page.text
    one = await mine.get(f"/console/items/{code}")
    assert "第 1 版" in one.text and "已停用" in one.text and writer.id not in one.text


@pytest.mark.parametrize("code", sorted(DEMO))
async def test_a_form_that_is_sent_as_it_stands_changes_nothing(world: World, code: str) -> None:
    body = replace(DEMO[code].body, code=code_of())
    path = await drafted((await desk(world))[0], body.code, **{n: getattr(body, n) for n in FIELDS})
    mine, _, _ = await two(world)
    form = await mine.get(f"/console/items/{body.code}/1/edit")
    sent = await mine.post(form.url, sheet(form))
    assert sent.status == 303, sent.text
    kept = (await (await desk(world))[0].get(path)).json
    assert kept["revision"] == 2
    stored = await world.house.db.reader().get(ITEMS, f"{body.code}|1")
    assert stored is not None and stored.body == body


FIELDS = [name for name in ItemBody.__struct_fields__ if name != "code"]


async def test_rows_are_added_filled_moved_and_taken_away_without_any_script(world: World) -> None:
    writer, _ = await desk(world)
    path = await drafted(writer)
    code = path.split("/")[3]
    mine = Browser(world, writer.token)
    form = await mine.get(f"/console/items/{code}/1/edit")
    given = sheet(form)
    count = sum(name.endswith(".copies") for name in given)
    more = await mine.post(form.url, given | {"_more": "materials", "name": "改了一半的名称"})
    assert more.status == 200 and "改了一半的名称" in more.body
    again = sheet(more)
    assert sum(name.endswith(".copies") for name in again) == count + 1
    assert (await writer.get(path)).json["revision"] == 1, "nothing is saved by asking for a row"

    new = f"materials.{count}"
    again |= {
        f"{new}.name": "体检报告",
        f"{new}.when": "other",
        f"{new}.answers": "是",
        f"{new}.required": "1",
    }
    first = {name: again.pop(name) for name in list(again) if name.startswith("materials.0.")}
    assert (await mine.post(form.url, again | first | {"materials.1.gone": "1"})).status == 303
    papers = (await writer.get(path)).json["body"]["materials"]
    assert [one["key"] for one in papers] == [
        "photo",
        "bank_card",
        "family_id_card",
        "mandate",
        "m1",
        "id_card",
    ]
    assert papers[4]["when"] == {"field": "other", "is": [True]}


async def test_steps_are_ticked_and_stand_in_their_order(world: World) -> None:
    writer, _ = await desk(world)
    path = await drafted(writer, instant=False, steps=[Step(name="street_review", role="reviewer")])
    mine = Browser(world, writer.token)
    form = await mine.get(f"/console/items/{path.split('/')[3]}/1/edit")
    ticked = {"steps.publicity.on": "1", "steps.publicity.outside": "1", "steps.home_visit.on": "1"}
    ticked |= {"steps.home_visit.role": "elder_team", "steps.home_visit.limit": "5"}
    assert (await mine.post(form.url, sheet(form) | ticked)).status == 303
    steps = (await writer.get(path)).json["body"]["steps"]
    assert [(one["name"], one["role"], one["days"], one["outside_limits"]) for one in steps] == [
        ("home_visit", "elder_team", 0, False),
        ("publicity", "clerk", 7, True),
        ("street_review", "reviewer", 0, False),
    ]


def test_what_is_no_number_and_no_answer_is_refused_by_name() -> None:
    filled: dict[str, Any] = item_forms.values_of(item_forms.sheet_of(body_of("X1")))
    for change, said in (
        ({"legal_days": "二十"}, "“法定时限”写得不对"),
        ({"fee_fen": "一块"}, "“收费”写得不对"),
        ({"domain": ""}, "“领域”写的不在可以选的里面"),
        ({"materials": [{"key": "", "name": "证"}]}, "第 1 份材料的“代号”"),
    ):
        with pytest.raises(items.BadItem, match=said):
            items.files.body_from(filled | change)


async def test_two_versions_are_read_beside_each_other_on_the_page(world: World) -> None:
    code = code_of()
    await published(world, code)
    writer, _ = await desk(world)
    await drafted(writer, code, promised_days=8)
    mine = Browser(world, writer.token)
    page = await mine.get(f"/console/items/{code}/2")
    assert "和第 1 版比，改了什么" in page.text
    assert re.search(r"承诺时限 15 个工作日 8 个工作日", page.text)
    back = await mine.get(f"/console/items/{code}/1?since=2")
    assert re.search(r"承诺时限 8 个工作日 15 个工作日", back.text)
    for number in ("x", "9"):
        assert (await mine.get(f"/console/items/{code}/1?since={number}")).status == 404


async def upload(browser: Browser, seen: Seen, content: bytes, field: str = "content", **filled: str) -> Seen:
    """Send the form that has this field with a file, as browsers do."""
    form = next(one for one in seen.forms if field in one.named)
    form.fields |= filled
    line = b"--line\r\nContent-Disposition: form-data; name="
    parts = [line + f'"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in form.fields.items()]
    parts.append(line + b'"file"; filename="a.toml"\r\nContent-Type: text/plain\r\n\r\n' + content + b"\r\n")
    headers = {"Content-Type": "multipart/form-data; boundary=line"}
    headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    request = HTTPRequest(
        urljoin(seen.url, form.action),
        "POST",
        headers,
        b"".join(parts) + b"--line--\r\n",
        follow_redirects=False,
    )
    answer = await browser.world.client.fetch(request, raise_error=False)
    browser._keep(answer.headers)
    return Seen(answer.code, answer.headers, (answer.body or b"").decode(), seen.url)


async def test_a_file_comes_out_of_the_page_and_goes_in_again(world: World) -> None:
    path = await published(world)
    mine, _, _ = await two(world)
    code, there = path.split("/")[3], code_of()
    for kind in ("toml", "json"):
        got = await mine.get(f"/console/items/{code}/1/file?format={kind}")
        assert got.headers["Content-Disposition"].startswith(f'attachment; filename="item.{kind}"')
        assert items.files.read(got.body).code == code
    listed = await mine.get("/console/items")
    sent = await upload(mine, listed, got.body.replace(code, there).encode())
    assert sent.location == f"/console/items/{there}/1"
    pasted = next(one for one in listed.forms if "content" in one.named).fields
    text = items.files.write(body_of(there), FindItemFile())
    taken = await mine.post("/console/items", pasted | {"content": text, "_key": "another-key"})
    assert taken.status == 409 and "已经有一版正在写" in taken.text


async def test_a_sample_is_sent_from_the_page_and_taken_away_in_the_form(world: World) -> None:
    writer, _ = await desk(world)
    path = await drafted(writer)
    mine = Browser(world, writer.token)
    page = await mine.get(f"/console/items/{path.split('/')[3]}/1")
    page = await mine.follow(await upload(mine, page, photo(), "key", key="photo"))
    assert "样张已传好" in page.text and "近期照片的样张" in page.body
    form = await mine.get(f"{page.url.partition('#')[0]}/edit")
    page = await mine.follow(await mine.post(form.url, sheet(form)))
    assert "近期照片的样张" in page.body, "saving the form keeps it"
    form = await mine.get(form.url)
    page = await mine.follow(await mine.post(form.url, sheet(form) | {"materials.2.bare": "1"}))
    assert "近期照片的样张" not in page.body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'code = "X1\n', "第 1 行第"),
        (b"\xff\xfe\x00", "这个文件不是文字"),
        (b"# " + b"x" * 200_000, "这个文件太大"),
        (b"", "请选一个文件"),
        (b'code = "X1"\nlegal_dayz = 3\n', "不是事项里的一栏（legal_dayz）"),
    ],
)
async def test_a_bad_file_is_refused_on_the_page_with_its_place(
    world: World, content: bytes, said: str
) -> None:
    mine, _, _ = await two(world)
    refused = await upload(mine, await mine.get("/console/items"), content)
    assert refused.status == 422 and said in refused.text, refused.text


async def test_the_list_is_narrowed_by_domain_and_by_a_word(world: World) -> None:
    mine, _, _ = await two(world)
    one = await in_use(world, name="夜间陪护证", domain="medical")
    assert one.code in (await mine.get("/console/items?domain=medical&q=陪护")).text
    assert one.code not in (await mine.get("/console/items?domain=labour")).text
    assert "没有这样的事项" in (await mine.get("/console/items?q=没有的事")).text


async def test_what_is_no_draft_has_no_form_and_an_address_typed_by_hand_does_nothing(world: World) -> None:
    path = await published(world)
    mine, _, _ = await two(world)
    page = f"/console/items/{path.split('/')[3]}/1"
    assert (await mine.get(f"{page}/edit")).location == page
    assert (await mine.get(f"{page}/retire")).location == page
    assert (await mine.get("/console/items/NOTHING")).status == 404
    assert (await mine.get("/console/items/NOTHING/1")).status == 404
    clerk = await world.staff()
    assert (await Browser(world, clerk.token).get("/console/items")).status == 403
