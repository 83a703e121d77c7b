"""The desk of the fee rules: a version written on a page, compared, tried on a ticket, and answered by another."""

from datetime import timedelta

from schemas.staff import Grant
from server.kit.clock import today
from tests.browser import Browser
from tests.world import World


async def accountant(world: World) -> Browser:
    return Browser(world, (await world.staff(Grant(role="accountant"))).token)


async def test_a_version_is_written_on_a_page_compared_tried_and_approved_by_another(world: World) -> None:
    author, other = await accountant(world), await accountant(world)
    tomorrow = today(world.clock.now()) + timedelta(days=1)
    page = await author.get("/console/fee-rules/train/new?like=1")
    form = page.form("/new")
    assert form.fields["table0.refund"] == "8天 0%，48小时 5%，24小时 10%，0 20%"
    assert (form.fields["step"], form.fields["table0.change_after"]) == ("0.50", "40")

    wrong = await author.press(page, "/new", valid_from=tomorrow.isoformat(), **{"table0.refund": "随便"})
    assert wrong.status == 422 and "第 1 张表的“退票收多少”" in wrong.text
    filled = {
        "valid_from": tomorrow.isoformat(),
        "table0.refund": "7天 0%，0 25.5%",
        "table1.name": "商务座",
        "table1.seat_classes": "商务座、一等座",
        "table1.refund": "0 50%",
        "table1.change": "0 10%",
    }
    page = await author.get("/console/fee-rules/train/new?like=1")
    sent = await author.press(page, "/new", **filled)
    assert sent.status == 303, sent.text
    assert (await author.press(page, "/new", **filled)).location == sent.location, "sent twice it is one"
    mine = await author.follow(sent)
    assert "要由另一位同事审核" in mine.text and "批准，" not in mine.text

    theirs = await other.get(f"{sent.location}?beside=1")
    assert "和第 1 版比，改了什么（" in theirs.text
    assert (
        "开车前 7 天以上不收，不到 7 天收 25.5%" in theirs.text
        and "商务座退票 没有 开车前收 50%，开车后不办" in theirs.text
    )
    leaves = f"{tomorrow}T09:30"
    tried = await other.get(
        f"{sent.location}?beside=1&yuan=100&leaves={leaves}&at={tomorrow}T08:00&seat=business"
    )
    assert (
        "按票价 50% 收退票费，收 50.00 元" in tried.text and "按票价 20% 收退票费，收 20.00 元" in tried.text
    )
    late = await other.get(f"{sent.location}?beside=1&yuan=100&leaves={leaves}&at={tomorrow}T09:30")
    assert "不能退了" in late.text
    assert "票价请填" in (await other.get(f"{sent.location}?yuan=viel")).text

    unsaid = await other.press(theirs, "/return", reason=" ")
    assert unsaid.status == 422 and "请写明退回的原因" in unsaid.text
    done = await other.follow(await other.press(theirs, "/approve"))
    assert f"已批准，{tomorrow} 起生效" in done.text
    again = await other.press(theirs, "/return", reason="晚了一步")
    assert again.status == 409 and "已经审过了" in again.text
    listed = await other.get("/console/fee-rules")
    assert f"{tomorrow} 起生效" in listed.text and "飞机票" in listed.text
    plane = await other.get("/console/fee-rules/plane/new")
    assert plane.form("/new").fields["table0.seat_classes"] in ("公务舱、头等舱", "头等舱、公务舱")
    assert (await other.get("/console/fee-rules/boat/new")).status == 404
