"""pykube-ng: create, get, query, patch, scale, watch and delete. Usage: FILE KUBECONFIG."""

import sys
import time

import pykube

api = pykube.HTTPClient(pykube.KubeConfig.from_file(sys.argv[1]))

body = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "namespace": "default", "labels": {"colour": "red"}},
    "data": {"a": "1"},
}
one = pykube.ConfigMap(api, body)
one.create()
one.patch({"data": {"a": "2"}})
one.reload()
one.obj["data"]["b"] = "3"
one.update()
assert one.obj["data"] == {"a": "2", "b": "3"}
query = pykube.ConfigMap.objects(api).filter(namespace="default", selector={"colour": "red"})
assert [found.name for found in query] == ["one"]
for event in query.watch():
    assert (event.type, event.object.name) == ("ADDED", "one")
    break

labels = {"app": "web"}
web = pykube.Deployment(
    api,
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    },
)
web.create()
end = time.monotonic() + 10
while web.obj.get("status", {}).get("readyReplicas") != 1:
    assert time.monotonic() < end, "the Deployment did not get ready"
    web.reload()
web.delete()
one.delete()
assert not one.exists()
print("ok")
