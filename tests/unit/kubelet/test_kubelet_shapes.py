"""Node shapes from a file."""

import pytest

from mockapi.kubelet.behaviour_schema import BadBehaviour
from mockapi.kubelet.node_shapes import read
from mockapi.kubelet.nodes import NodeShape


def test_shapes_are_read() -> None:
    text = """
    - {name: worker, count: 3}
    - name: gpu
      exactName: true
      capacity: {cpu: 64, nvidia.com/gpu: '8'}
      allocatable: {cpu: 63}
      labels: {accelerator: a100}
      taints: [{key: gpu, value: 'true', effect: NoSchedule}]
    """
    worker, gpu = read(text)
    assert worker == NodeShape(count=3, name="worker")
    assert gpu == NodeShape(
        name="gpu",
        exact_name=True,
        capacity={"cpu": "64", "nvidia.com/gpu": "8"},
        allocatable={"cpu": "63"},
        labels={"accelerator": "a100"},
        taints=[{"key": "gpu", "value": "true", "effect": "NoSchedule"}],
    )
    assert gpu.names() == ["gpu"]
    assert worker.names() == ["worker-1", "worker-2", "worker-3"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "must be a list of node shapes"),
        ("[{cont: 3}]", "[0].cont: unknown field, did you mean count?"),
        ("[{name: a, labels: {b: true}}]", "[0].labels.b: must be a text: put it in quotes"),
        ("[{name: a, exactName: true, count: 2}]", "[0].count: must be 1 with exactName"),
        ("[{name: a}, {name: a}]", "two shapes make a node a-1: give them other names"),
        ("[{name: a]", "not YAML: line 1: expected ',' or '}', but got ']'"),
        ("[{capacity: {cpu: lots}}]", "[0].capacity.cpu: 'lots' is not a quantity"),
        (
            "[{taints: [{key: a, effect: Never}]}]",
            "[0].taints[0].effect: Must be one of: NoSchedule, PreferNoSchedule, NoExecute",
        ),
    ],
)
def test_mistakes_are_named_with_their_path(text: str, problem: str) -> None:
    with pytest.raises(BadBehaviour) as caught:
        read(text)
    assert str(caught.value) == problem
