"""The desk of points: rates written, compared, tried and answered; statement files; terminals; cards."""

import re
from datetime import timedelta

from schemas.points import Campaign, NewRates
from schemas.staff import Grant
from server.audit import AUDIT
from server.kit.clock import today
from server.pos import TERMINALS
from tests.browser import Browser, Seen
from tests.test_attachments import form_of
from tests.test_points import Till, balance, card_no, clerk, holder, in_force, rates, till
from tests.test_pos_files import file_of, line
from tests.world import Person, World, unique


async def accountant(world: World) -> Browser:
    return Browser(world, (await world.staff(Grant(role="accountant"))).token)


async def usual(world: World) -> NewRates:
    body = rates(
        campaigns=[
            Campaign(name="老节", first=today(world.clock.now()), last=today(world.clock.now()), percent=150)
        ]
    )
    await in_force(world, body)
    return body


async def test_a_version_is_written_on_a_page_tried_and_approved_by_another(world: World) -> None:
    await usual(world)
    author, other = await accountant(world), await accountant(world)
    tomorrow = today(world.clock.now()) + timedelta(days=1)
    page = await author.get("/console/rates/new")
    form = page.form("/new")
    assert (form.fields["rate0.percent"], form.fields["rate1.category"]) == ("0.5", "pharmacy")
    filled = {
        "valid_from": tomorrow.isoformat(),
        "rate0.percent": "0.6",
        "rate2.name": "餐饮",
        "rate2.category": "meals",
        "rate2.percent": "1",
        "cap": "20",
        "campaign0.name": "双倍积分",
        "campaign0.category": "餐饮",
        "campaign0.percent": "200",
        "campaign0.first": tomorrow.isoformat(),
        "campaign0.last": tomorrow.isoformat(),
        "rounding": "down",
    }
    sent = await author.press(page, "/new", **filled)
    assert sent.status == 303, sent.text
    again = await author.press(page, "/new", **filled)
    assert again.location == sent.location, "sent twice it is one version"
    mine = await author.follow(sent)
    assert "要由另一位同事审核" in mine.text and "批准" not in " ".join(one.action for one in mine.forms)
    theirs = await other.get(sent.location)
    for words in (
        "0.5 % 0.6 %",
        "餐饮（meals） 没有 1 %",
        "不限 20.00 分",
        "活动“老节”",
        "没有了",
        "平时的 200 %",
    ):
        assert words in theirs.text, (words, theirs.text)
    tried = await other.get(f"{sent.location}?yuan=128.5&day={tomorrow}")
    assert "积 0.77 分" in tried.text and "× 200 %（双倍积分）" in tried.text
    assert "金额请填" in (await other.get(f"{sent.location}?yuan=viel")).text
    done = await other.follow(await other.press(theirs, "/approve"))
    assert f"已批准，{tomorrow} 起生效" in done.text
    late = await other.press(theirs, "/return", reason="晚了一步")
    assert late.status == 409 and "已经审过了" in late.text
    runs = await author.get("/console/rates/campaigns")
    assert "双倍积分 餐饮 平时的 200 %" in runs.text and "还没开始" in runs.text
    world.clock.advance(timedelta(days=1))
    later = await accountant(world)
    assert "正在进行" in (await later.get("/console/rates/campaigns")).text
    assert "餐饮" in (await later.get("/console/rates")).text


async def test_a_refused_version_keeps_the_words_and_says_which_box(world: World) -> None:
    await usual(world)
    author = await accountant(world)
    page = await author.get("/console/rates/new")
    tomorrow = (today(world.clock.now()) + timedelta(days=1)).isoformat()
    usually = {"valid_from": tomorrow, "rounding": "down", "note": "写了很久的说明"}
    wrong = [
        ({"rate1.percent": "viel"}, 422, "rate1.percent", "请把类别第 2 行的“积百分之几”填好"),
        ({"rate1.category": "grocery"}, 422, "rate1.category", "同一个消费类别写了两次"),
        ({"campaign0.category": "没有的"}, 422, "campaign0.category", "“类别”"),
        ({"rate0.name": "", "cap": "x"}, 422, "cap", "请把“每人每天最多积”填好"),
        ({"valid_from": today(world.clock.now()).isoformat()}, 409, "valid_from", "生效日期要在明天或以后"),
    ]
    for filled, status, box, words in wrong:
        sent = await author.press(page, "/new", **usually | filled)
        assert (sent.status, words in sent.text) == (status, True), (filled, sent.text)
        assert f'id="wrong-{box}"' in sent.body, box
        assert "写了很久的说明" in sent.body


async def drafted(world: World, author: Browser) -> str:
    page = await author.get("/console/rates/new")
    tomorrow = (today(world.clock.now()) + timedelta(days=1)).isoformat()
    sent = await author.press(page, "/new", valid_from=tomorrow, rounding="half_up")
    assert sent.status == 303, sent.text
    return sent.location


async def test_a_version_is_handed_back_with_a_reason_or_taken_back_by_its_writer(world: World) -> None:
    await usual(world)
    author, other = await accountant(world), await accountant(world)
    first, second = await drafted(world, author), await drafted(world, author)
    page = await other.get(first)
    empty = await other.press(page, "/return", reason=" ")
    assert empty.status == 422 and "请写明退回的原因" in empty.text
    back = await other.follow(await other.press(page, "/return", reason="利率写错了"))
    assert "已退回" in back.text and "利率写错了" in back.text
    mine = await author.get(second)
    assert "已撤回" in (await author.follow(await author.press(mine, "/withdraw"))).text
    third = await drafted(world, author)
    stolen = await other.post(f"{third}/withdraw", (await other.get(third)).form("/return").fields)
    assert stolen.status == 403 and "只有写的人自己能撤回" in stolen.text
    own = await author.post(f"{third}/approve", (await author.get(third)).form("/withdraw").fields)
    assert own.status == 403 and "另一位同事审核" in own.text


async def test_only_accountants_and_administrators_see_the_rates(world: World) -> None:
    clerk = Browser(world, (await world.staff(Grant(role="clerk", community_id=world.community))).token)
    for page in ("", "/new", "/campaigns", "/1"):
        assert (await clerk.get(f"/console/rates{page}")).status == 403
    assert (await (await accountant(world)).get("/console/rates/0")).status == 404


async def test_what_a_campaign_has_cost_is_what_it_gave_beyond_the_usual(world: World) -> None:
    day, who = today(world.clock.now()), await accountant(world)
    double = Campaign(name=unique("双倍"), category="grocery", first=day, last=day, percent=200)
    await in_force(world, rates(campaigns=[double], daily_cap_fen=250))
    here, (resident, number) = await till(world), await holder(world)
    bought = here.swipe(number, 10000)
    await here.sent(bought)
    await here.sent(here.swipe(number, 10000, category="pharmacy"))
    page = await who.get("/console/rates/campaigns")
    assert f"{double.name} 超市 平时的 200 % {day} 1 0.50 分 正在进行" in page.text
    await here.sent(here.swipe(number, 5000, reverses=bought["trace"]))
    assert f"{day} 1 0.25 分" in (await who.get("/console/rates/campaigns")).text
    await here.sent(here.swipe(number, 20000))
    assert await balance(resident) == (200, 0)
    again = (await who.get("/console/rates/campaigns")).text
    assert f"{day} 2 0.25 分" in again, (
        "under the cap of the day it gave nothing that the usual would not have"
    )


# Statement files.


async def upload(world: World, who: Browser, content: bytes, page: Seen | None = None) -> Seen:
    fields = (page or await who.get("/console/pos-files")).form("/pos-files").fields
    body, media = form_of(content, {name: fields[name] for name in ("_xsrf", "_key")})
    return await who.send("/console/pos-files", body, media)


async def test_a_file_is_sent_from_the_page_watched_and_its_rejects_taken_home(world: World) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    rows = [line(here, number, 20000, 1), line(here, number, 100, 2, category="toys")]
    content = file_of(world, rows, encoding="gb18030")
    sent = await upload(world, who, content)
    assert sent.status == 303, sent.text
    early = await who.follow(sent)
    assert "正在核对" in early.text and "data-watch" in early.body
    while await world.work():
        pass
    done = await who.get(sent.location)
    for words in (
        "已入账",
        "2 笔，201.00 元",
        "1 笔入账",
        "1 笔没有收",
        "1.00 分积分",
        "积分账单 积分费率 对账文件",
        "没有这个消费类别",
    ):
        assert words in done.text, (words, done.text)
    assert "data-watch" not in done.body and ",toys,100," in done.body
    sheet = await who.get(f"{sent.location}/rejects.csv")
    assert sheet.headers["Content-Type"].startswith("text/csv") and ",toys,100," in sheet.body
    again = await who.follow(await upload(world, who, content))
    assert again.url.endswith(sent.location) and "以前传过，不会重复入账" in again.text
    assert await balance(resident) == (100, 0)
    assert "201.00" in (await who.get("/console/pos-files")).text


async def test_a_file_that_cannot_be_taken_says_why(world: World) -> None:
    who = await accountant(world)
    refused = await who.follow(await upload(world, who, b"H,1,20261124\n"))
    while await world.work():
        pass
    told = await who.get(refused.url)
    assert "整份退回" in told.text and "文件不完整：没有最后的合计行" in told.text
    empty = await upload(world, who, b"")
    assert empty.status == 422 and "没有收到文件内容" in empty.text and "上传" in empty.text
    stale = await who.send("/console/pos-files", *form_of(b"H", {"_xsrf": "made-up", "_key": "1"}))
    assert stale.status == 403
    clerk = Browser(world, (await world.staff(Grant(role="clerk", community_id=world.community))).token)
    assert (await clerk.get("/console/pos-files")).status == 403
    assert (await who.get("/console/pos-files/nothing")).status == 404
    assert (await who.get("/console/pos-files/nothing/rejects.csv")).status == 404


# Terminals.


async def test_a_terminal_is_registered_its_secret_shown_once_changed_and_switched_off(world: World) -> None:
    await in_force(world)
    who, (_, number) = await accountant(world), await holder(world)
    page = await who.get("/console/terminals")
    terminal_id = unique("T").replace("_", "-")[:20]
    filled = {"id": terminal_id, "name": "一号窗口", "community_id": world.community}
    shown = await who.press(page, "/terminals", **filled)
    assert shown.status == 200, shown.text
    here = Till(world, terminal_id, secret_on(shown))
    again = await who.press(page, "/terminals", **filled)
    assert "已经显示过了" in again.text and "data-secret" not in again.body
    kept = world.house.db.reader()
    assert secret_on(shown) not in str([one async for one in kept.each(TERMINALS, {"_id": terminal_id})])
    assert (await here.send(here.swipe(number, 100))).status == 200
    listed = await who.get("/console/terminals")
    assert f"{today(world.clock.now())}" in listed.text

    new = await who.press(listed, f"/{terminal_id}/rekey")
    assert (await here.send(here.swipe(number, 100))).status == 401, "the old secret is worth nothing"
    here.secret = secret_on(new)
    assert (await here.send(here.swipe(number, 100))).status == 200
    off = await who.follow(await who.press(listed, f"/{terminal_id}/off"))
    assert "已停用" in off.text
    assert (await here.send(here.swipe(number, 100))).status == 401
    await who.follow(await who.press(off, f"/{terminal_id}/on"))
    assert (await here.send(here.swipe(number, 100))).status == 200
    acts = await world.house.db.reading(
        lambda reader: reader.all(AUDIT, {"subjects": terminal_id}, limit=9, sort="-at")
    )
    assert {one.what for one in acts} == {
        "terminal.register",
        "terminal.rekey",
        "terminal.off",
        "terminal.on",
    }


def secret_on(page: Seen) -> str:
    found = re.search(r"data-secret>([0-9a-f ]+)<", page.body)
    assert found, page.text
    return found[1].replace(" ", "")


async def test_a_terminal_that_is_wrong_says_which_box_and_keeps_the_words(world: World) -> None:
    who, here = await accountant(world), await till(world)
    page = await who.get("/console/terminals")
    for filled, status, box in (
        ({"id": "T/1", "name": "窗口"}, 422, "id"),
        ({"id": here.id[:20], "name": "窗口", "community_id": "nowhere"}, 422, "community_id"),
    ):
        wrong = await who.press(page, "/terminals", **{"community_id": ""} | filled)
        assert wrong.status == status and f'id="wrong-{box}"' in wrong.body and 'value="窗口"' in wrong.body
    known = {"id": "T-KNOWN", "name": "窗口", "community_id": ""}
    assert (await who.press(page, "/terminals", **known)).status == 200
    twice = await who.press(await who.get("/console/terminals"), "/terminals", **known)
    assert twice.status == 409 and "已经登记过" in twice.text
    assert (await who.post("/console/terminals/nobody/off", page.form("/terminals").fields)).status == 404
    clerk = Browser(world, (await world.staff(Grant(role="clerk", community_id=world.community))).token)
    assert (await clerk.get("/console/terminals")).status == 403


# A card at the window.


async def window(world: World) -> Browser:
    return Browser(world, (await clerk(world)).token)


async def as_told(who: Person, number: str) -> dict[str, str]:
    me = (await who.get("/v1/me")).json
    return {"number": f"{number[:4]} {number[4:]}", "name": me["name"], "phone": me["phone"]}


async def test_the_window_binds_a_card_shows_its_points_and_freezes_and_replaces_it(world: World) -> None:
    await in_force(world)
    desk, here, resident, number = await window(world), await till(world), await world.resident(), card_no()
    await here.sent(here.swipe(number, 20000))
    at = f"/console/residents/{resident.id}/card"
    phone = (await resident.get("/v1/me")).json["phone"]
    assert f'"{at}"' in (await desk.get(f"/console/residents?phone={phone}")).body
    page = await desk.get(at)
    assert "还没有绑定" in page.text and "还没有积分" in page.text
    told = await as_told(resident, number)
    wrong = await desk.press(page, "/bind", **told | {"number": "12"})
    assert wrong.status == 422 and "卡号是卡面上的" in wrong.text and told["name"] in wrong.body
    other = await desk.press(page, "/bind", **told | {"name": "别人"})
    assert other.status == 409 and "姓名或手机号与居民登记的不一致" in other.text
    bound = await desk.follow(await desk.press(page, "/bind", **told))
    for words in ("卡已绑定", f"尾号 {number[-4:]}", "1.00 分", "消费积分", "+1.00", "超市消费 200.00 元"):
        assert words in bound.text, (words, bound.text)
    silent = await desk.press(bound, "/freeze", reason=" ")
    assert silent.status == 422 and "请写明原因" in silent.text
    frozen = await desk.follow(await desk.press(bound, "/freeze", reason="有人冒用"))
    assert "已冻结" in frozen.text and "有人冒用" in frozen.text
    late = await desk.press(bound, "/lost", reason="丢了")
    assert late.status == 409 and "现在不能这样操作" in late.text
    free = await desk.follow(await desk.press(frozen, "/release", reason="查清了"))
    assert "解除" in free.text
    lost = await desk.follow(await desk.press(free, "/lost", reason="丢在车上"))
    assert "已挂失" in lost.text
    new = card_no()
    swapped = await desk.follow(await desk.press(lost, "/replace", number=new))
    assert f"尾号 {new[-4:]}" in swapped.text and "正常" in swapped.text
    assert await balance(resident) == (100, 0)


async def test_the_window_gives_out_a_code_with_which_the_phone_takes_the_card(world: World) -> None:
    desk, resident, number = await window(world), await world.resident(), card_no()
    at = f"/console/residents/{resident.id}/card"
    fields = (await desk.get(at)).form("/bind").fields | await as_told(resident, number)
    given = await desk.post(f"{at}/code", fields)
    found = re.search(r'"secret">([0-9 ]+)<', given.body)
    assert given.status == 200 and found, given.text
    claimed = await resident.post("/v1/points/card/claim", {"number": number, "code": found[1]})
    assert claimed.status == 201, claimed.body
    assert f"尾号 {number[-4:]}" in (await desk.get(at)).text


async def test_a_window_elsewhere_and_the_accountants_do_not_see_a_residents_card(world: World) -> None:
    resident, _ = await holder(world)
    at = f"/console/residents/{resident.id}/card"
    far = await world.staff(Grant(role="clerk", community_id=unique("community")))
    elsewhere = Browser(world, far.token)
    fields = (await (await window(world)).get(at)).form("/freeze").fields | {"reason": "试一试"}
    assert (await elsewhere.get(at)).status == 404
    assert (await elsewhere.post(f"{at}/freeze", fields)).status in (403, 404)
    assert (await (await accountant(world)).get(at)).status == 403
    looks = await world.house.db.reading(
        lambda reader: reader.all(AUDIT, {"subjects": resident.id, "what": "points.open"}, limit=9)
    )
    assert len(looks) == 1
