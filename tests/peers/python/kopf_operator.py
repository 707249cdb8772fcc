"""kopf: handlers of a labelled ConfigMap's life, with kopf's finalizer, annotations and events.

Usage: kopf_operator.py KUBECONFIG, which must also be what the environment names.
"""

import asyncio
import sys
from typing import Any

import kopf
from kubernetes_asyncio import client, config

SECONDS = 20
seen: list[str] = []


@kopf.on.create("configmaps", labels={"answered": "yes"})
async def created(name: str, body: kopf.Body, **_: Any) -> None:
    seen.append(f"create {name}")
    kopf.info(body, reason="Answered", message="answered")


@kopf.on.update("configmaps", labels={"answered": "yes"}, field="data.a")
async def changed(old: Any, new: Any, **_: Any) -> None:
    seen.append(f"update {old} {new}")


@kopf.on.delete("configmaps", labels={"answered": "yes"})
async def deleted(name: str, **_: Any) -> None:
    seen.append(f"delete {name}")


async def _until(wanted: list[str]) -> None:
    for _ in range(SECONDS * 20):
        if seen == wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{seen} is not {wanted}")


async def _live(core: client.CoreV1Api) -> None:
    labels = {"answered": "yes"}
    body = {"metadata": {"name": "one", "labels": labels}, "data": {"a": "1"}}
    await core.create_namespaced_config_map("default", body)
    await _until(["create one"])
    await core.patch_namespaced_config_map("one", "default", {"data": {"a": "2"}})
    await _until(["create one", "update 1 2"])
    await core.delete_namespaced_config_map("one", "default")
    await _until(["create one", "update 1 2", "delete one"])
    for _ in range(SECONDS * 20):
        left = await core.list_namespaced_config_map("default", label_selector="answered")
        events = await core.list_namespaced_event("default")
        if not left.items and any(event.message == "answered" for event in events.items):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{left.items} are there, or {[e.message for e in events.items]}")


async def main(kubeconfig: str) -> None:
    await config.load_kube_config(kubeconfig)
    stop, ready = asyncio.Event(), asyncio.Event()
    operator = asyncio.create_task(
        kopf.operator(standalone=True, namespaces=["default"], ready_flag=ready, stop_flag=stop)
    )
    await asyncio.wait_for(ready.wait(), SECONDS)
    async with client.ApiClient() as api:
        await _live(client.CoreV1Api(api))
    stop.set()
    await asyncio.wait_for(operator, SECONDS)


asyncio.run(main(sys.argv[1]))
print("ok")
