"""How far the messages to residents get: counted every few minutes, and an alert when it is less than usual."""

from server.push_figures.gauges import tell
from server.push_figures.judging import alerts
from server.push_figures.stored import PUSH_DAYS, PUSH_WATCH, PushDay, PushWatch, Sums
from server.push_figures.views import alert_views, figures

__all__ = [
    "PUSH_DAYS",
    "PUSH_WATCH",
    "PushDay",
    "PushWatch",
    "Sums",
    "alert_views",
    "alerts",
    "figures",
    "tell",
]
