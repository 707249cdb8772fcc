"""kubernetes_asyncio: a ConfigMap is made, watched, changed and deleted; a Deployment gets ready.

Usage: asyncio_client.py KUBECONFIG. It fails by an exception.
"""

import asyncio
import sys

from kubernetes_asyncio import client, config, watch

POD = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}
DEPLOYMENT = {
    "metadata": {"name": "web"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": POD},
}


async def round_trip(core: client.CoreV1Api) -> None:
    begin = (await core.list_namespaced_config_map("default")).metadata.resource_version
    body = {"metadata": {"name": "one"}, "data": {"a": "1"}}
    await core.create_namespaced_config_map("default", body)
    await core.patch_namespaced_config_map("one", "default", {"data": {"a": "2"}})
    assert (await core.read_namespaced_config_map("one", "default")).data == {"a": "2"}
    await core.delete_namespaced_config_map("one", "default")
    seen = []
    async with watch.Watch().stream(
        core.list_namespaced_config_map, "default", resource_version=begin, timeout_seconds=10
    ) as stream:
        async for event in stream:
            seen.append((event["type"], event["object"].data))
            if event["type"] == "DELETED":
                break
    assert seen == [("ADDED", {"a": "1"}), ("MODIFIED", {"a": "2"}), ("DELETED", {"a": "2"})]


async def refusal(core: client.CoreV1Api) -> None:
    try:
        await core.read_namespaced_pod("absent", "default")
    except client.ApiException as error:
        assert (error.status, error.reason) == (404, "Not Found")
    else:
        raise AssertionError("there is no such pod")


async def deployment(apps: client.AppsV1Api) -> None:
    await apps.create_namespaced_deployment("default", DEPLOYMENT)
    async with watch.Watch().stream(
        apps.list_namespaced_deployment, "default", timeout_seconds=10
    ) as stream:
        async for event in stream:
            if event["object"].status.ready_replicas == 2:
                return
    raise AssertionError("the Deployment did not get ready")


async def main(kubeconfig: str) -> None:
    await config.load_kube_config(kubeconfig)
    async with client.ApiClient() as api:
        await round_trip(client.CoreV1Api(api))
        await refusal(client.CoreV1Api(api))
        await deployment(client.AppsV1Api(api))


asyncio.run(main(sys.argv[1]))
print("ok")
