"""ImageLocality: nodes that have the images already are better, the more so the larger they are
and the more nodes have them."""

from collections.abc import Sequence
from typing import Final

from mockapi.scheduler.nodes import NodeInfo
from mockapi.scheduler.plugin import MAX_SCORE, Cycle, Plugin, Scores

_MEGABYTE: Final = 1024 * 1024
_LEAST: Final = 23 * _MEGABYTE
_MOST_PER_CONTAINER: Final = 1000 * _MEGABYTE


class ImageLocality(Plugin):
    name = "ImageLocality"
    points = frozenset(("score",))

    def score(self, cycle: Cycle, nodes: Sequence[NodeInfo]) -> Scores | None:
        spec = cycle.pod.spec
        wanted = [c.get("image") or "" for c in spec.get("initContainers") or ()]
        wanted += [c.get("image") or "" for c in spec["containers"]]
        wanted += [
            volume["image"].get("reference") or ""
            for volume in spec.get("volumes") or ()
            if "image" in volume
        ]
        known = cycle.cluster.images
        images = [known[name] for image in wanted if (name := _tagged(image)) in known]
        if not images:
            return Scores([0] * len(nodes), [0] * len(nodes))
        total = len(cycle.cluster.nodes)
        worth = [(holders, int(size * (len(holders) / total))) for size, holders in images]
        scores = [
            _score(sum(part for holders, part in worth if node.name in holders), len(wanted))
            for node in nodes
        ]
        return Scores(scores, scores)


def _score(worth: int, images: int) -> int:
    most = _MOST_PER_CONTAINER * images
    return MAX_SCORE * (min(max(worth, _LEAST), most) - _LEAST) // (most - _LEAST)


def _tagged(image: str) -> str:
    """With `:latest` where there is no tag or digest."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"
