"""Where a browser says that it is, as the map draws it."""

import pytest

from server.kit.gcj02 import from_wgs84


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_points_of_known_maps_are_where_the_maps_have_them(
    given: tuple[float, float], drawn: tuple[float, float]
) -> None:
    assert from_wgs84(*given) == pytest.approx(drawn, abs=1e-6)


def test_outside_china_nothing_is_moved() -> None:
    assert from_wgs84(13.4, 52.5) == (13.4, 52.5)
