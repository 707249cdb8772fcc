// The official Node client: typed calls, server-side apply, a watch, an informer, logs, errors.
// Usage: node main.mjs KUBECONFIG. Prints one line per check; fails by an exception.

import assert from "node:assert/strict";
import * as k8s from "@kubernetes/client-node";

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const namespace = "default";
const labels = { app: "web" };

async function check(name, run) {
  await run();
  console.log(`ok ${name}`);
}

async function until(condition, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, "it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await check("create, read, replace, delete", async () => {
  const body = { metadata: { name: "one" }, data: { a: "1" } };
  const made = await core.createNamespacedConfigMap({ namespace, body });
  assert.equal(made.data.a, "1");
  made.data.b = "2";
  const replaced = await core.replaceNamespacedConfigMap({ name: "one", namespace, body: made });
  assert.deepEqual(replaced.data, { a: "1", b: "2" });
  await core.deleteNamespacedConfigMap({ name: "one", namespace });
  const left = await core.listNamespacedConfigMap({ namespace, labelSelector: "none" });
  assert.equal(left.items.length, 0);
});

await check("a refusal is an exception with its status", async () => {
  await assert.rejects(core.readNamespacedPod({ name: "absent", namespace }), (error) => {
    const status = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
    return error.code === 404 && status.message === 'pods "absent" not found';
  });
});

await check("a watch streams what happens", async () => {
  const begin = (await core.listNamespacedConfigMap({ namespace })).metadata.resourceVersion;
  const seen = [];
  const watch = new k8s.Watch(config);
  const request = await watch.watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    { resourceVersion: begin },
    (type, object) => seen.push(`${type} ${object.metadata.name}`),
    () => {},
  );
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "two" } } });
  await core.deleteNamespacedConfigMap({ name: "two", namespace });
  await until(() => seen.length === 2);
  request.abort();
  assert.deepEqual(seen, ["ADDED two", "DELETED two"]);
});

await check("an informer follows a Deployment to ready pods", async () => {
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, () =>
    core.listNamespacedPod({ namespace }),
  );
  const running = new Set();
  for (const kind of ["add", "update"]) {
    informer.on(kind, (pod) => {
      if (pod.status.phase === "Running") running.add(pod.metadata.name);
    });
  }
  informer.on("error", (error) => {
    if (error.type !== "aborted") throw error;
  });
  await informer.start();
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: "web", image: "nginx" }] },
  };
  await apps.createNamespacedDeployment({
    namespace,
    body: { metadata: { name: "web" }, spec: { replicas: 2, selector: { matchLabels: labels }, template } },
  });
  await until(() => running.size === 2);
  await informer.stop();
  const found = await apps.readNamespacedDeployment({ name: "web", namespace });
  await until(async () => (await apps.readNamespacedDeployment({ name: "web", namespace })).status.readyReplicas === 2);
  assert.equal(found.spec.strategy.type, "RollingUpdate");
});

await check("objects of any kind are applied and patched", async () => {
  const client = k8s.KubernetesObjectApi.makeApiClient(config);
  const spec = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "three", namespace }, data: { a: "1" } };
  const applied = await client.patch(spec, undefined, undefined, "node", true, k8s.PatchStrategy.ServerSideApply);
  assert.equal(applied.metadata.managedFields[0].operation, "Apply");
  const merged = await client.patch(
    { ...spec, data: { b: "2" } }, undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch,
  );
  assert.deepEqual(merged.data, { a: "1", b: "2" });
  await client.delete(spec);
});

process.exit(0);
