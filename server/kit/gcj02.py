"""GCJ-02, in which maps in China are drawn: some hundred metres beside what satellites say, by a formula of sines.

The formula was never published by those who made it; this is the one that map libraries share. It holds to about a metre.
"""

from math import cos, pi, radians, sin, sqrt

_AXIS_M = 6_378_245.0
_FLATNESS = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271


def from_wgs84(lng: float, lat: float) -> tuple[float, float]:
    """Longitude and latitude as a browser or a satellite gives them, in GCJ-02; outside China nothing is moved."""
    if not (_WEST <= lng <= _EAST and _SOUTH <= lat <= _NORTH):
        return lng, lat
    across, up = _metres(lng - 105, lat - 35)
    curve = 1 - _FLATNESS * sin(radians(lat)) ** 2
    a_degree_up = radians(_AXIS_M * (1 - _FLATNESS) / (curve * sqrt(curve)))
    a_degree_across = radians(_AXIS_M / sqrt(curve) * cos(radians(lat)))
    return lng + across / a_degree_across, lat + up / a_degree_up


def _metres(x: float, y: float) -> tuple[float, float]:
    """By how much it is moved to the east and to the north."""
    both = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)
    across = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
        + (both + 20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3
    )  # fmt: skip
    up = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
        + (both + 20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    )  # fmt: skip
    return across, up
