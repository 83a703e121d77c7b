"""Mini-program codes are pictures."""

import struct

import pytest

PATH = "/wxa/getwxacodeunlimit"


def draw(phone, **body):
    return phone.http.post(phone.base + PATH, params={"access_token": phone.token()}, json=body, timeout=10)


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and png.endswith(b"IEND\xaeB\x60\x82")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("width", [280, 430, 1280])
def test_a_code_is_a_picture_of_the_asked_width(phone, width):
    answer = draw(phone, scene="c=JZ-20261124-000137", page="pages/home/index", width=width)
    assert answer.headers["Content-Type"] == "image/png"
    assert size(answer.content) == (width, width)


def test_each_scene_has_its_own_picture(phone):
    assert draw(phone, scene="a").content != draw(phone, scene="b").content
    assert draw(phone, scene="a").content == draw(phone, scene="a").content


def test_colour_and_clear_background_show(phone):
    plain = draw(phone, scene="a").content
    teal = draw(phone, scene="a", line_color={"r": "15", "g": 118, "b": "110"}).content
    assert bytes((15, 118, 110)) in teal and bytes((15, 118, 110)) not in plain
    assert b"tRNS" in draw(phone, scene="a", is_hyaline=True).content and b"tRNS" not in plain


def test_a_failure_is_json(phone):
    answer = draw(phone, scene="a", page="pages/nowhere")
    assert answer.status_code == 200 and "json" in answer.headers["Content-Type"]
    assert answer.json()["errcode"] == 41030


def test_an_unchecked_page_need_not_exist(phone):
    assert size(draw(phone, scene="a", page="pages/soon", check_path=False).content)
