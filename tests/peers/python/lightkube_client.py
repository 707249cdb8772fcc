"""lightkube: typed create, get, list, patches, apply, watch, delete. Usage: FILE KUBECONFIG."""

import sys

from lightkube import ApiError, Client, KubeConfig
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Node, Pod
from lightkube.types import PatchType

client = Client(
    config=KubeConfig.from_file(sys.argv[1]), namespace="default", field_manager="lightkube"
)

made = client.create(ConfigMap(metadata=ObjectMeta(name="one"), data={"a": "1"}))
assert made.data == {"a": "1"} and made.metadata.uid
client.patch(ConfigMap, "one", {"data": {"a": "2"}}, patch_type=PatchType.MERGE)
got = client.get(ConfigMap, "one")
got.data["b"] = "3"
assert client.replace(got).data == {"a": "2", "b": "3"}
try:
    client.replace(made)
except ApiError as error:
    assert (error.status.code, error.status.reason) == (409, "Conflict")
else:
    raise AssertionError("a stale object was taken")

spec = PodSpec(containers=[Container(name="web", image="nginx")])
template = PodTemplateSpec(metadata=ObjectMeta(labels={"app": "web"}), spec=spec)
web = Deployment(
    apiVersion="apps/v1",
    kind="Deployment",
    metadata=ObjectMeta(name="web"),
    spec=DeploymentSpec(
        replicas=2, selector=LabelSelector(matchLabels={"app": "web"}), template=template
    ),
)
client.apply(web)
client.wait(Deployment, "web", for_conditions=["Available"])
assert len(list(client.list(Pod, labels={"app": "web"}))) == 2
assert [node.metadata.name for node in client.list(Node)] == ["node-1", "node-2", "node-3"]
for kind, found in client.watch(ConfigMap, fields={"metadata.name": "one"}):
    assert (kind, found.data) == ("ADDED", {"a": "2", "b": "3"})
    break
client.delete(Deployment, "web")
client.delete(ConfigMap, "one")
try:
    client.get(ConfigMap, "one")
except ApiError as error:
    assert error.status.message == 'configmaps "one" not found'
    print("ok")
