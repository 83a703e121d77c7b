"""The error tables: every documented code has a row, and every row is what a call comes back with."""

import pytest

from server.gateways.errors import EVERY_CALL, MINI_PROGRAM, WECOM, ErrorTable, rows
from server.kit.platform import Action, PlatformDown, PlatformRefusal

from .scripted import Platform, wechat_at, wecom_at

DOCUMENTED_MINI_PROGRAM = {
    *(-1, 40001, 40014, 42001, 40002, 40003, 40004, 40013, 40029, 40037, 40097, 40125, 41002, 41004, 40129),
    *(
        40164,
        40169,
        40226,
        40243,
        41030,
        43002,
        43101,
        43104,
        43107,
        43108,
        44002,
        47001,
        44990,
        44993,
        44991,
    ),
    *(45009, 45011, 45168, 47003, 50004, 50007, 61010, 85096, 85401, 85402, 85079, 85406, 85407, 85408),
    *(87007, 87008, 87009, 87020, 89503, 89506, 89507),
}
DOCUMENTED_WECOM = {
    *(-1, 40001, 40091, 40013, 40003, 46004, 60111, 40014, 42001, 40029, 42003, 42022, 40056, 41011, 40058),
    *(40063, 40035, 40093, 42012, 41001, 42014, 42015, 42016, *range(42017, 42021), *range(42027, 42052)),
    *(
        43012,
        45002,
        44004,
        45009,
        45033,
        48002,
        48001,
        50001,
        50002,
        60011,
        60021,
        50003,
        60003,
        60123,
        40068,
        60020,
    ),
    *(60140, 81013, 301002),
}
ASK = {
    "code_to_session": lambda wechat: wechat.code_to_session("code"),
    "phone_number": lambda wechat: wechat.phone_number("code", "o-zhang"),
    "check_session": lambda wechat: wechat.check_session("o-zhang", "key"),
    "send_subscribe": lambda wechat: wechat.send_subscribe("o-zhang", "tmpl-1", {"thing1": "理发"}),
    "check_text": lambda wechat: wechat.check_text("o-zhang", "好", 2),
    "wxacode": lambda wechat: wechat.wxacode("g=1", "pages/home/index"),
    "stable_token": lambda wechat: wechat.ping(),
}


@pytest.mark.parametrize(
    ("table", "documented"), [(MINI_PROGRAM, DOCUMENTED_MINI_PROGRAM), (WECOM, DOCUMENTED_WECOM)]
)
def test_every_documented_code_has_a_row(table, documented):
    assert {row.errcode for row in table.rows} == documented


@pytest.mark.parametrize("table", [MINI_PROGRAM, WECOM])
def test_every_row_is_found_by_its_call_and_code(table):
    assert all(table.look_up(row.api, row.errcode) is row for row in table.rows)


def test_the_row_of_a_call_goes_before_the_row_of_every_call():
    assert MINI_PROGRAM.look_up("send_subscribe", 40001).action is Action.refresh_token
    assert MINI_PROGRAM.look_up("stable_token", 40001).action is Action.config_alert


def test_the_same_code_means_something_else_at_the_other_platform():
    assert WECOM.look_up("userid_of", 40001).action is Action.config_alert


def test_a_code_that_nobody_documented_is_a_bug_to_look_at():
    assert MINI_PROGRAM.look_up("wxacode", 99_999).action is Action.bug
    assert MINI_PROGRAM.look_up("wxacode", 43101).action is Action.bug


def test_two_rows_for_one_call_and_code_are_refused():
    row = rows("wxacode", [40097], "bad arguments", Action.bug)
    with pytest.raises(ValueError, match="two rows"):
        ErrorTable(row, row)


async def test_each_row_of_the_mini_program_comes_back_from_the_call_it_is_about(clock):
    platform = Platform()
    async with wechat_at(platform, clock) as wechat:
        for row in MINI_PROGRAM.rows:
            api = "send_subscribe" if row.api == EVERY_CALL else row.api
            if api not in ASK or row.action is Action.retry:
                continue
            await answered_with(platform, row, ASK[api], wechat)
            wechat._client._token = None


async def test_each_row_of_wecom_comes_back_from_the_call_it_is_about(clock):
    platform = Platform()
    async with wecom_at(platform, clock) as wecom:
        for row in WECOM.rows:
            if row.action is not Action.retry:
                await answered_with(platform, row, lambda wecom: wecom.userid_of("code"), wecom)


async def answered_with(platform, row, ask, gateway):
    answer = {"errcode": row.errcode, "errmsg": "hint: not to be matched"}
    if row.api == "stable_token":
        platform.token_script.append(answer)
    platform.usual = answer
    with pytest.raises(PlatformRefusal) as refused:
        await ask(gateway)
    assert (refused.value.errcode, refused.value.action) == (row.errcode, row.action)


@pytest.mark.parametrize("api", [api for api in ASK if api != "stable_token"])
async def test_a_busy_platform_is_down_whatever_was_asked(clock, api):
    async with wechat_at(Platform({"errcode": -1, "errmsg": "busy"}), clock) as wechat:
        with pytest.raises(PlatformDown) as down:
            await ASK[api](wechat)
        assert (down.value.api, down.value.reason) == (api, "busy")
