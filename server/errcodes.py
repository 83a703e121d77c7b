"""What the platforms' error numbers mean, in words for whoever looks after the messages.

The number and what is done about it are the gateways' own (server/gateways/errors.py); these are its words.
"""

import re
from collections.abc import Mapping

WECHAT: Mapping[int, str] = {
    -1: "微信系统忙，会自动再试",
    40001: "访问凭证不对，会自动换新的再试",
    40003: "微信不认识这位居民的编号",
    40013: "小程序的 AppID 不对，请检查配置",
    40014: "访问凭证格式不对，会自动换新的再试",
    40029: "登录凭证无效",
    40037: "模板编号不对，请检查模板配置",
    40125: "小程序密钥不对，请检查配置",
    40164: "服务器地址不在微信的白名单里",
    40243: "小程序密钥被冻结，请到微信后台处理",
    41002: "请求里缺少 AppID，请检查配置",
    41004: "请求里缺少密钥，请检查配置",
    41030: "消息要打开的页面还没有发布",
    42001: "访问凭证过期，会自动换新的再试",
    43002: "请求方式不对，请联系技术人员",
    43101: "居民没有订阅，或者订阅次数用完了",
    43107: "订阅消息功能或这个模板被微信封禁",
    43108: "同时给这位居民发了两条，会错开再试",
    44002: "请求内容是空的，请联系技术人员",
    45009: "今天的发送额度用完了，明天再发",
    45011: "这一分钟发得太多，过一分钟再发",
    45168: "内容里有敏感词，需要人工查看",
    47001: "请求内容微信读不懂，请联系技术人员",
    47003: "有一项内容不符合模板的要求",
}

WECOM: Mapping[int, str] = {
    -1: "企业微信系统忙，会自动再试",
    40001: "应用密钥不对，请检查配置",
    40003: "企业微信不认识这位同事",
    40013: "企业编号不对，请检查配置",
    40014: "访问凭证不对，会自动换新的再试",
    40056: "应用编号不对，请检查配置",
    41011: "请求里缺少应用编号，请检查配置",
    42001: "访问凭证过期，会自动换新的再试",
    43012: "应用没有设置回调地址，发不了卡片",
    44004: "内容是空的",
    45002: "内容太长",
    45009: "发得太频繁，过一会儿再发",
    45033: "同时发的太多，过一会儿再发",
    48002: "应用没有发消息的权限",
    50002: "这位同事不在应用的可见范围",
    60011: "这位同事不在应用的可见范围",
    60020: "服务器地址不在企业微信的可信名单里",
    60021: "这位同事不在应用的可见范围",
    60111: "企业微信没有这位同事",
    60140: "卡片过了时间，改不了了",
    81013: "收消息的人都不在企业微信里",
}

_NUMBER = re.compile(r"^(-?[0-9]+)\b|refused with (-?[0-9]+)\b")


def code_of(error: str) -> str:
    """The number in what an attempt came to; empty where there is none."""
    found = _NUMBER.search(error)
    return (found[1] or found[2]) if found else ""


def said(words: Mapping[int, str], error: str) -> str:
    """What an attempt came to, in words."""
    if not error:
        return ""
    code = code_of(error)
    if code:
        return words.get(int(code), "没有见过的错误，请联系技术人员")
    if error.startswith("PlatformDown"):
        return "没有连上对方的服务器，会自动再试"
    return "办理时出错，请联系技术人员"
