"""The signed and the encrypted open data of the mini-program, by the vectors of 开放数据校验与解密."""

import pytest
from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import check_wxa_signature

RAW_DATA = (
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",'
    '"avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtp'
    'ujxyzYsrztuuICqIM5ibXQ/0"}'
)
RAW_SESSION_KEY = "HyVFkGl5F5OQWJZZaNzBBg=="
APPID = "wx4f4bc4dec97d474b"
SESSION_KEY = "tiihtNczf5v6AKRyjwEUhQ=="
IV = "r7BXXKkLb8qrSNn05n0qiA=="
ENCRYPTED = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4l"
    "GOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInN"
    "lxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/"
    "r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7Xjf"
    "hQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)


def test_raw_data_is_signed_with_the_session_key():
    check_wxa_signature(RAW_SESSION_KEY, RAW_DATA, "75e81ceda165f4ffa64f4068af58c64b8f54b88c")
    with pytest.raises(InvalidSignatureException):
        check_wxa_signature(RAW_SESSION_KEY, RAW_DATA + " ", "75e81ceda165f4ffa64f4068af58c64b8f54b88c")


def test_encrypted_data_opens_with_the_session_key_and_names_its_program():
    opened = WeChatWxaCrypto(SESSION_KEY, IV, APPID).decrypt_message(ENCRYPTED)
    assert opened["openId"] == "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
    assert opened["unionId"] == "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
    assert (opened["nickName"], opened["city"], opened["country"]) == ("Band", "Guangzhou", "CN")
    assert opened["watermark"] == {"timestamp": 1477314187, "appid": APPID}


def test_encrypted_data_of_another_program_is_refused():
    with pytest.raises(InvalidAppIdException):
        WeChatWxaCrypto(SESSION_KEY, IV, "wxdemo0000000000").decrypt_message(ENCRYPTED)
