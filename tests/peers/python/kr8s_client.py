"""kr8s: create, get, list, label, patch, scale, wait, watch and delete. Usage: FILE KUBECONFIG."""

import sys

import kr8s
from kr8s.objects import ConfigMap, Deployment, Pod

api = kr8s.api(kubeconfig=sys.argv[1])

one = ConfigMap({"metadata": {"name": "one", "namespace": "default"}, "data": {"a": "1"}}, api=api)
one.create()
one.patch({"data": {"a": "2"}})
one.label({"colour": "red"})
one.refresh()
assert one.raw["data"] == {"a": "2"} and one.labels["colour"] == "red"
assert [c.name for c in api.get("configmaps", label_selector={"colour": "red"})] == ["one"]

for kind, found in api.watch("configmaps", namespace="default", label_selector="colour=red"):
    assert (kind, found.name) == ("ADDED", "one")
    break

web = Deployment(
    {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    },
    api=api,
)
web.create()
web.wait("condition=Available", timeout=10)
web.scale(3)
web.wait("jsonpath='{.status.readyReplicas}'=3", timeout=10)
pods = list(Pod.list(namespace="default", label_selector={"app": "web"}, api=api))
assert len(pods) == 3 and all(pod.ready() for pod in pods)
web.delete()
one.delete()
one.wait("delete", timeout=10)
assert not one.exists()

try:
    Pod.get("absent", namespace="default", api=api)
except kr8s.NotFoundError:
    print("ok")
