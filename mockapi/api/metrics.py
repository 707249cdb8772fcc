"""/metrics in Prometheus text format, under the names that the real server uses."""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator

from mockapi.api import encode, process
from mockapi.api.call import Call
from mockapi.api.process import Gauge
from mockapi.api.reply import Reply

BUCKETS = (
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
    10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
)  # fmt: skip
_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

Labels = tuple[str, ...]
REQUEST = (
    "component",
    "dry_run",
    "group",
    "resource",
    "scope",
    "subresource",
    "verb",
    "version",
)


class Metrics:
    """Requests by resource and verb; `gauges` are read when somebody asks."""

    def __init__(self, gauges: Iterable[Gauge] = ()) -> None:
        self.gauges = list(gauges)
        self._requests: defaultdict[Labels, int] = defaultdict(int)
        self._buckets: dict[Labels, list[int]] = {}
        self._seconds: defaultdict[Labels, float] = defaultdict(float)

    def observe(self, labels: Labels, code: int, seconds: float) -> None:
        """One answered request; `labels` as `REQUEST` names them."""
        self._requests[(str(code), *labels)] += 1
        buckets = self._buckets.get(labels)
        if buckets is None:
            buckets = self._buckets[labels] = [0] * (len(BUCKETS) + 1)
        self._seconds[labels] += seconds
        index = 0
        while index < len(BUCKETS) and seconds > BUCKETS[index]:
            index += 1
        buckets[index] += 1

    def serve(self, call: Call) -> Reply:
        return page([*self._totals(), *self._durations(), *written(self.gauges)], call)

    def _totals(self) -> Iterator[str]:
        name = "apiserver_request_total"
        yield from _head(name, "counter", "Counter of apiserver requests.")
        for labels, count in sorted(self._requests.items()):
            yield f"{name}{_labels(zip(('code', *REQUEST), labels, strict=True))} {count}"

    def _durations(self) -> Iterator[str]:
        name = "apiserver_request_duration_seconds"
        yield from _head(name, "histogram", "Response latency distribution in seconds.")
        for labels, buckets in sorted(self._buckets.items()):
            pairs = list(zip(REQUEST, labels, strict=True))
            count = 0
            for bound, number in zip((*BUCKETS, float("inf")), buckets, strict=True):
                count += number
                le = "+Inf" if bound == float("inf") else f"{bound:g}"
                yield f"{name}_bucket{_labels([*pairs, ('le', le)])} {count}"
            yield f"{name}_sum{_labels(pairs)} {self._seconds[labels]:.9g}"
            yield f"{name}_count{_labels(pairs)} {count}"


def page(lines: Iterable[str], call: Call) -> Reply:
    """What a scraper is sent."""
    body = ("\n".join(lines) + "\n").encode()
    headers = [("Process-Start-Time-Unix", str(process.started()))]
    if encode.accepts_gzip(call.header("ACCEPT_ENCODING")):
        headers.append(("Content-Encoding", "gzip"))
        body = gzip.compress(body, compresslevel=1)
    return Reply(200, body, _TYPE, headers)


def written(gauges: Iterable[Gauge]) -> Iterator[str]:
    """What they are now, in lines."""
    for name, text, read in gauges:
        yield from _head(name, "counter" if name.endswith("_total") else "gauge", text)
        for labels, value in read():
            yield f"{name}{_labels(labels.items())} {value:.17g}"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    text = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{text}}}" if text else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
