"""The desk of points: rates written, compared, tried and answered; statement files; terminals; cards."""

from datetime import timedelta

from schemas.points import Campaign, NewRates
from schemas.staff import Grant
from server.kit.clock import today
from tests.browser import Browser
from tests.test_points import in_force, rates
from tests.world import World


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
