"""Counters and histograms, named `hoelun_<noun>_<verb>_<unit>`; label values are few and known."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Rows = Iterable[tuple[Sequence[str], float]]
"""Label values, and the number that stands beside them."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The metrics of one process, in a registry of its own."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.requests = Counter(
            "hoelun_http_requests", "Requests answered", ["route", "method", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "hoelun_http_request_seconds",
            "Time to answer",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.calls = Counter(
            "hoelun_platform_calls", "Calls to WeChat and WeCom", ["api", "outcome"], registry=self.registry
        )
        self.call_seconds = Histogram(
            "hoelun_platform_call_seconds",
            "Time of a call",
            ["api"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.jobs = Counter(
            "hoelun_jobs_done", "Leased rows worked off", ["queue", "outcome"], registry=self.registry
        )
        self.backlog = Gauge("hoelun_jobs_due", "Rows due and not taken", ["queue"], registry=self.registry)

        self.answers = Counter(
            "hoelun_push_answers",
            "What WeChat said to a message",
            ["template", "outcome", "errcode"],
            registry=self.registry,
        )
        self.lines = Gauge("hoelun_console_lines", "Open pages of the console", registry=self.registry)
        self.ride_lines = Gauge("hoelun_ride_lines", "Open lines to a ride's car", registry=self.registry)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request; the labelled children are looked up once."""
        known = self._answers.get((route, method, status))
        if known is None:
            known = self.requests.labels(route, method, status), self.request_seconds.labels(route)
            self._answers[route, method, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def observe_call(self, api: str, outcome: str, seconds: float) -> None:
        self.calls.labels(api, outcome).inc()
        self.call_seconds.labels(api).observe(seconds)

    def push_answered(self, template: str, outcome: str, errcode: str) -> None:
        self.answers.labels(template, outcome, errcode).inc()

    def tell(self, name: str, text: str, labels: Sequence[str], read: Callable[[], Rows]) -> None:
        """A gauge of what every process knows, read when somebody asks: its labels come and go."""
        self.registry.register(_Told(name, text, labels, read))

    def exposition(self) -> bytes:
        return generate_latest(self.registry)


class _Told(Collector):
    def __init__(self, name: str, text: str, labels: Sequence[str], read: Callable[[], Rows]) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._read = read

    def describe(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(self._name, self._text, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(self._name, self._text, labels=self._labels)
        for values, number in self._read():
            family.add_metric(values, number)
        yield family
