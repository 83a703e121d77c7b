import pytest

from server.kit.platform import Action, OutsideCompany, PlatformDown, PlatformRefusal

from .scripted import Platform, wecom_at


async def test_a_member_is_known_by_the_code(clock):
    platform = Platform({"errcode": 0, "errmsg": "ok", "userid": "demo-clerk", "user_ticket": "t"})
    async with wecom_at(platform, clock) as wecom:
        assert await wecom.userid_of("code-1") == "demo-clerk"
    assert platform.asked == [
        ("GET /cgi-bin/auth/getuserinfo", {"code": "code-1", "access_token": "token-1"}, {})
    ]


@pytest.mark.parametrize("stranger", [{"openid": "o-1"}, {"openid": "o-1", "external_userid": "w-1"}])
async def test_a_stranger_is_outside_the_company(clock, stranger):
    async with wecom_at(Platform({"errcode": 0, **stranger}), clock) as wecom:
        with pytest.raises(OutsideCompany) as outside:
            await wecom.userid_of("code")
    assert outside.value.action is Action.refuse_login


@pytest.mark.parametrize("errcode", [40029, 42003, 42022])
async def test_a_used_or_expired_code_asks_for_a_new_one(clock, errcode):
    async with wecom_at(Platform({"errcode": errcode, "errmsg": "x"}), clock) as wecom:
        with pytest.raises(PlatformRefusal) as refused:
            await wecom.userid_of("code")
    assert refused.value.action is Action.ask_new_code


async def test_the_answer_of_the_retired_address_is_no_answer(clock):
    async with wecom_at(Platform({"errcode": 0, "UserId": "demo-clerk"}), clock) as wecom:
        with pytest.raises(PlatformDown):
            await wecom.userid_of("code")


async def test_two_apps_of_one_company_hold_their_own_tokens(clock):
    one, other = Platform({"userid": "a"}), Platform({"userid": "b"})
    async with wecom_at(one, clock) as first, wecom_at(other, clock) as second:
        await first.ping()
        await second.ping()
    assert (len(one.tokens_asked), len(other.tokens_asked)) == (1, 1)
