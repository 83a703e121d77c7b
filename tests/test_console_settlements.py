"""The console's pages for the settlement, without scripts: a batch from its opening to the money, by two people."""

from typing import Any
from urllib.parse import urljoin

from tornado.httpclient import HTTPRequest

from schemas.staff import Grant
from tests.browser import Browser, Seen
from tests.settling import Office, office, ok, spent
from tests.world import World, unique

LIST = "/console/settlements"


async def desks(world: World) -> tuple[Office, Browser, Browser]:
    here = await office(world)
    await here.swept()
    return here, Browser(world, here.maker.token), Browser(world, here.checker.token)


async def handed_in(browser: Browser, page: Seen, content: bytes) -> Seen:
    """The form with a file in it, as a browser sends it."""
    form, mark = page.form("/files"), "----mark"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.fields.items()
        if name != "file"
    ]
    named = 'form-data; name="file"; filename="answer.csv"'
    body = "".join(parts).encode() + f"--{mark}\r\nContent-Disposition: {named}\r\n\r\n".encode()
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
        "Content-Type": f"multipart/form-data; boundary={mark}",
    }
    request = HTTPRequest(
        urljoin(page.url, form.action),
        "POST",
        headers,
        body + content + f"\r\n--{mark}--\r\n".encode(),
        follow_redirects=False,
    )
    answer = await browser.world.client.fetch(request, raise_error=False)
    return Seen(answer.code, answer.headers, (answer.body or b"").decode(), request.url)


async def pressed(browser: Browser, address: str, ending: str, **filled: str) -> Seen:
    """On this page the form with this ending, and what came of it."""
    return await browser.follow(await browser.press(await browser.get(address), ending, **filled))


async def test_a_batch_is_walked_by_two_from_its_opening_to_the_money(world: World) -> None:
    here, maker, checker = await desks(world)
    await spent(world, 1000, 5000)
    batch = await here.opened()
    address = f"{LIST}/{batch['id']}"
    assert batch["id"] in (await maker.get(LIST)).text
    await world.work()
    page = await pressed(maker, address, "/freeze")
    assert "已冻结" in page.text
    assert "应收 60.00 元" in page.text
    text = await maker.get(f"{address}/file")
    assert (text.status, text.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "等邮政的回执文件" in (await pressed(maker, address, "/send")).text

    content = await here.their_file(batch, refused=1)
    seen = await maker.follow(await handed_in(maker, await maker.get(LIST), content))
    assert "正在核对" in seen.text
    await world.work()
    page = await maker.get(seen.url)
    assert "邮政拒付" in page.text
    assert "卡已注销" in page.text
    table = await maker.get(f"{seen.url}/csv?verdict=refused")
    assert len(table.body.splitlines()) == 2

    assert "要由另一位同事确认" in (await maker.get(address)).text
    assert "等邮政到账" in (await pressed(checker, address, "/confirm")).text
    [one] = await here.differences(batch)
    fen = 6000 - one["fen"]
    money = {"reference": unique("BANK"), "amount": f"{fen / 100:.2f}", "day": here.today()}
    assert "等另一位同事确认" in (await pressed(maker, address, "/receipts", **money)).text
    assert "/confirm" not in (await maker.get(address)).body.partition("<h2>到账</h2>")[2]
    page = await pressed(checker, address, "/confirm")
    assert "有差错" in page.text
    assert "到账已确认并记账" in page.text

    assert one["id"] in (await maker.get(f"{LIST}/differences")).body
    told = f"{LIST}/differences/{one['id']}"
    await pressed(maker, told, "/note", text="邮政王师傅说卡确实注销了")
    await pressed(maker, told, "/assign", assignee=here.checker.id)
    page = await pressed(maker, told, "/resolve", how="write_off", reason="已核实")
    assert "要由另一位同事复核" in page.text
    assert "/approve" not in page.body
    page = await pressed(checker, told, "/approve")
    assert "由街道承担" in page.text
    assert "邮政王师傅" in page.text
    assert "已结清" in (await maker.get(address)).text
    assert "这里没有差错" not in (await maker.get(f"{LIST}/differences?state=resolved")).text


async def test_what_is_wrong_is_said_where_it_was_and_nothing_written_is_lost(world: World) -> None:
    here, maker, checker = await desks(world)
    await spent(world, 1000)
    batch = await here.confirmed(await here.sent(), missing=1)
    address = f"{LIST}/{batch['id']}"
    money = {"reference": "BANK 1", "amount": "十元", "day": here.today()}
    page = await maker.press(await maker.get(address), "/receipts", **money)
    assert (page.status, "请填银行流水号" in page.text) == (422, True)
    assert page.form("/receipts").fields["amount"] == "十元"
    page = await maker.press(await maker.get(address), "/receipts", **money | {"reference": "BANK1"})
    assert "请填金额" in page.text
    [one] = await here.differences(batch)
    told = f"{LIST}/differences/{one['id']}"
    page = await maker.press(await maker.get(told), "/resolve", reason="已核实")
    assert (page.status, "请选一种处理办法" in page.text) == (422, True)
    assert page.form("/resolve").fields["reason"] == "已核实"
    await ok(here.maker.post(f"/v1/settlement-differences/{one['id']}/resolve", WANTED))
    page = await maker.post(f"{told}/approve", page.form("/note").fields)
    assert (page.status, "另一位同事" in page.text) == (403, True)
    page = await checker.press(await checker.get(told), "/decline", reason="再问一次")
    assert page.status == 303
    page = await handed_in(maker, await maker.get(LIST), b"")
    assert (page.status, "请先选一个文件" in page.text) == (422, True)
    assert (await maker.get(f"{LIST}/YJ-1")).status == 404


WANTED: dict[str, Any] = {"how": "theirs", "reason": "核对过"}


async def test_a_batch_is_opened_on_the_page_and_only_by_those_who_keep_the_books(world: World) -> None:
    here, maker, _ = await desks(world)
    await spent(world, 1000)
    await here.frozen()
    page = await maker.get(LIST)
    refused = await maker.press(page, LIST, through="2099-01-01")
    assert (refused.status, "不能晚于今天" in refused.text) == (409, True)
    again = await maker.press(page, LIST, through=here.today())
    assert "新批次已建好" in (await maker.follow(again)).text
    assert "还没有明细" in (await maker.get(f"{LIST}/{(await here.opened())['id']}")).text
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    assert (await Browser(world, clerk.token).get(LIST)).status == 403
