"""The desk of the tariffs: a version written on a page, compared, tried on a ride, and answered by another."""

from datetime import timedelta

from schemas.staff import Grant
from server.kit.clock import today
from tests.browser import Browser
from tests.world import World

LIST = "/console/tariffs"


async def at_work(world: World, role: str) -> Browser:
    return Browser(world, (await world.staff(Grant(role=role))).token)


async def test_a_tariff_is_written_on_a_page_compared_tried_and_approved_by_another(world: World) -> None:
    author, other = await at_work(world, "dispatcher"), await at_work(world, "accountant")
    tomorrow = today(world.clock.now()) + timedelta(days=1)
    page = await author.get(f"{LIST}/new?like=1")
    boxes = page.form("/new").fields
    assert (boxes["base"], boxes["base_km"], boxes["per_km"], boxes["step"]) == (
        "7.00",
        "2.5",
        "1.80",
        "0.10",
    )
    assert (boxes["surcharge0.name"], boxes["surcharge0.start"], boxes["wheelchair"]) == ("夜间", "22:00", "")

    filled = {
        "valid_from": tomorrow.isoformat(),
        "base": "8",
        "wheelchair": "5",
        "surcharge1.name": "早高峰",
        "surcharge1.start": "07:00",
        "surcharge1.end": "09:00",
        "surcharge1.percent": "10%",
    }
    for box, written, label in (
        ("base", "viel", "“起步价”"),
        ("per_km", "", "“超出的每公里”"),
        ("base_km", "1.2345", "“起步价含多少公里”"),
        ("surcharge1.start", "25:00", "第 2 项加价的“从几点”"),
        ("surcharge1.percent", "0", "第 2 项加价的“加百分之几”"),
        ("surcharge1.name", "夜间", "第 2 项加价的“名称”：两项加价的名称一样"),
        ("valid_from", today(world.clock.now()).isoformat(), "“从哪天起”：生效日期要在明天或以后"),
    ):
        wrong = await author.press(await author.get(f"{LIST}/new"), "/new", **filled | {box: written})
        assert wrong.status == (409 if box == "valid_from" else 422), box
        assert label in wrong.text and f'id="wrong-{box}"' in wrong.body, (box, wrong.text)
        assert wrong.form("/new").fields[box] == written, "what was written is still there"

    page = await author.get(f"{LIST}/new")
    sent = await author.press(page, "/new", **filled)
    assert sent.status == 303, sent.text
    assert (await author.press(page, "/new", **filled)).location == sent.location, "sent twice it is one"
    mine = await author.follow(sent)
    assert "要由另一位同事审核" in mine.text and "批准，" not in mine.text

    theirs = await other.get(sent.location)
    assert "和第 1 版比，改了什么（4 处）" in theirs.text
    assert "起步价 7.00 元，含 2.5 公里 8.00 元，含 2.5 公里" in theirs.text
    assert "早高峰加价 没有 07:00–09:00，里程费加 10%" in theirs.text

    ride = f"?km=5.7&waited=7&at={tomorrow}T08:00&wheelchair=1"
    tried = await other.get(sent.location + ride)
    # 8.00 + 3.2 km at 1.80 = 13.76, a tenth more in the morning, two minutes at 0.30, and the chair.
    assert "早高峰（07:00–09:00），加 10% 1.38" in tried.text and "一共 20.70" in tried.text
    assert "取整到 0.10 元 −0.04" in tried.text and "轮椅车，不加钱 0.00" in tried.text
    assert "一共 13.40" in tried.text, "and by the version before"
    assert "路程请填" in (await other.get(f"{sent.location}?km=weit")).text

    unsaid = await other.press(theirs, "/return", reason=" ")
    assert unsaid.status == 422 and "请写明退回的原因" in unsaid.text
    done = await other.follow(await other.press(theirs, "/approve"))
    assert f"已批准，{tomorrow} 起生效" in done.text
    again = await other.press(theirs, "/return", reason="晚了一步")
    assert again.status == 409 and "已经审过了" in again.text
    assert f"{tomorrow} 起生效" in (await other.get(LIST)).text
    first = await other.get(f"{LIST}/1?beside=2")
    assert (
        "起步价：7.00 元，含 2.5 公里" in first.text
        and "2020-01-01" not in first.text.partition("改了什么")[0]
    )


async def test_nobody_approves_their_own_tariff_and_who_wrote_it_takes_it_back(world: World) -> None:
    author, other = await at_work(world, "accountant"), await at_work(world, "admin")
    tomorrow = (today(world.clock.now()) + timedelta(days=1)).isoformat()
    sent = await author.press(await author.get(f"{LIST}/new"), "/new", valid_from=tomorrow)
    theirs = await other.get(sent.location)
    own = await author.press(
        theirs, "/approve", _xsrf=(await author.get(sent.location)).form("/withdraw").fields["_xsrf"]
    )
    assert own.status == 403 and "自己写的要由另一位同事审核" in own.text
    foreign = await other.press(
        await author.get(sent.location), "/withdraw", _xsrf=theirs.form("/approve").fields["_xsrf"]
    )
    assert foreign.status == 403 and "只有写的人自己能撤回" in foreign.text
    taken = await author.follow(await author.press(await author.get(sent.location), "/withdraw"))
    assert "已撤回" in taken.text and "已退回" in taken.text
    assert (await author.get(f"{LIST}/9999")).status == 404
    assert (await (await at_work(world, "clerk")).get(LIST)).status == 403
