"""The states that docs/lifecycle.md shows: each with the pod that reaches it."""

import re
from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class State:
    """`status` is what `kubectl get pods` shows `after` so many seconds."""

    title: str
    status: str
    text: str
    manifest: str
    after: float = 2.0
    ready: str = "0/1"
    delete: bool = False
    """The pod is deleted half a second before it is shown."""

    @property
    def name(self) -> str:
        return re.sub("[^a-z0-9]+", "-", self.title.lower().replace("/", "-of-"))


def pod(spec: str, *, annotation: str = "") -> str:
    """A manifest; `spec` is what stands below it."""
    head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: NAME\n"
    if annotation:
        head += "  annotations:\n    mockapi.dev/behaviour: '" + annotation + "'\n"
    body = "".join(f"  {line}\n" for line in dedent(spec).strip().splitlines())
    return head + "spec:\n" + body


def image(name: str, *more: str) -> str:
    lines = [f"containers: [{{name: main, image: {name}}}]", *more]
    return pod("\n".join(lines))


def behaves(annotation: str, *more: str) -> str:
    lines = ["containers: [{name: main, image: 'nginx:1.29'}]", *more]
    return pod("\n".join(lines), annotation=annotation)


SCHEDULING = [
    State(
        "Pending: insufficient cpu",
        "Pending",
        "No node has that much left. The same goes for memory, pods and extended resources.",
        pod("containers: [{name: main, image: nginx, resources: {requests: {cpu: '100'}}}]"),
    ),
    State(
        "Pending: insufficient memory",
        "Pending",
        "Too much memory asked for.",
        pod("containers: [{name: main, image: nginx, resources: {requests: {memory: 1Ti}}}]"),
    ),
    State(
        "Pending: node selector",
        "Pending",
        "No node has the label.",
        image("nginx", "nodeSelector: {disk: quantum}"),
    ),
    State(
        "Pending: node affinity",
        "Pending",
        "No node fits the required affinity.",
        image(
            "nginx",
            "affinity:",
            "  nodeAffinity:",
            "    requiredDuringSchedulingIgnoredDuringExecution:",
            "      nodeSelectorTerms:",
            "      - matchExpressions: [{key: zone, operator: In, values: [mars]}]",
        ),
    ),
    State(
        "Pending: unbound claim",
        "Pending",
        "The claim does not exist.",
        pod(
            """
            containers: [{name: main, image: nginx, volumeMounts: [{name: d, mountPath: /d}]}]
            volumes: [{name: d, persistentVolumeClaim: {claimName: missing}}]
            """
        ),
    ),
    State(
        "SchedulingGated",
        "SchedulingGated",
        "The scheduler does not look at a pod before its gates are gone.",
        image("nginx", "schedulingGates: [{name: example.com/quota}]"),
    ),
]

STARTING = [
    State(
        "ContainerCreating",
        "ContainerCreating",
        "Sandbox, network and volumes are there, the image is on its way.",
        behaves("pull: {seconds: 1h}"),
    ),
    State(
        "ContainerCreating: missing ConfigMap",
        "ContainerCreating",
        "A volume cannot be mounted; `FailedMount` says why, again and again with growing pauses.",
        pod(
            """
            containers: [{name: main, image: nginx, volumeMounts: [{name: c, mountPath: /c}]}]
            volumes: [{name: c, configMap: {name: missing}}]
            """
        ),
    ),
    State(
        "ContainerCreating: no sandbox",
        "ContainerCreating",
        "The network plugin could not set up the pod's network.",
        behaves("state: failed-create-pod-sandbox"),
    ),
    State(
        "ContainerCreating: network not ready",
        "ContainerCreating",
        "The node's network plugin is down (`kubectl annotate node broken-net "
        "mockapi.dev/behaviour='network: false'`).",
        image("nginx", "nodeName: broken-net"),
    ),
    State(
        "Init:0/2",
        "Init:0/2",
        "Init containers run one after the other (the pod is not Initialized: "
        "`ContainersNotInitialized`).",
        pod(
            """
            initContainers: [{name: one, image: busybox}, {name: two, image: busybox}]
            containers: [{name: main, image: nginx}]
            """,
            annotation="containers: {one: {run: {seconds: 60}}}",
        ),
    ),
    State(
        "Init:1/2",
        "Init:1/2",
        "The first one is done, the second one runs.",
        pod(
            """
            initContainers: [{name: one, image: busybox}, {name: two, image: busybox}]
            containers: [{name: main, image: nginx}]
            """,
            annotation="containers: {one: {run: {seconds: 1}}, two: {run: {seconds: 60}}}",
        ),
    ),
    State(
        "PodInitializing",
        "PodInitializing",
        "All init containers are done, the main image is on its way.",
        pod(
            """
            initContainers: [{name: one, image: busybox}]
            containers: [{name: main, image: nginx}]
            """,
            annotation="containers: {one: {run: {seconds: 1}}, main: {pull: {seconds: 1h}}}",
        ),
    ),
    State(
        "Init:Error",
        "Init:Error",
        "An init container has failed in a pod that is never restarted.",
        pod(
            """
            restartPolicy: Never
            initContainers: [{name: one, image: mockapi.dev/error}]
            containers: [{name: main, image: nginx}]
            """
        ),
    ),
    State(
        "Init:CrashLoopBackOff",
        "Init:CrashLoopBackOff",
        "An init container fails again and again.",
        pod(
            """
            initContainers: [{name: one, image: mockapi.dev/error}]
            containers: [{name: main, image: nginx}]
            """
        ),
    ),
]

IMAGES = [
    State(
        "ErrImagePull",
        "ErrImagePull",
        "The pull has just failed.",
        image("mockapi.dev/err-image-pull"),
    ),
    State(
        "ImagePullBackOff",
        "ImagePullBackOff",
        "The next pull is held back: 10 s, 20 s, 40 s up to 5 minutes.",
        behaves("pull: {fails: always}"),
        after=12.0,
    ),
    State(
        "RegistryUnavailable",
        "RegistryUnavailable",
        "The registry cannot be reached.",
        image("mockapi.dev/registry-unavailable"),
    ),
    State(
        "InvalidImageName",
        "InvalidImageName",
        "The name cannot be parsed; any such name does it.",
        image("'Nginx:latest'"),
    ),
    State(
        "ErrImageNeverPull",
        "ErrImageNeverPull",
        "The image is not on the node and may not be pulled.",
        pod("containers: [{name: main, image: 'private:1', imagePullPolicy: Never}]"),
    ),
    State(
        "ImageInspectError",
        "ImageInspectError",
        "The runtime cannot say whether it has the image.",
        pod(
            "containers: [{name: main, image: mockapi.dev/image-inspect-error, "
            "imagePullPolicy: IfNotPresent}]"
        ),
    ),
]

CREATING = [
    State(
        "CreateContainerConfigError",
        "CreateContainerConfigError",
        "The environment names a ConfigMap that does not exist.",
        pod(
            """
            containers:
            - {name: main, image: nginx, envFrom: [{configMapRef: {name: missing}}]}
            """
        ),
    ),
    State(
        "CreateContainerError",
        "CreateContainerError",
        "The runtime refuses to create the container.",
        image("mockapi.dev/create-container-error"),
    ),
    State(
        "RunContainerError",
        "RunContainerError",
        "The container was created, but its command cannot be started.",
        image("mockapi.dev/run-container-error"),
    ),
    State(
        "PostStartHookError",
        "PostStartHookError",
        "The postStart hook has failed and the container was killed for it.",
        pod(
            """
            containers:
            - name: main
              image: nginx
              lifecycle: {postStart: {exec: {command: ['false']}}}
            """,
            annotation="postStart: {error: exited with 1, seconds: 1}",
        ),
        after=1.5,
    ),
    State(
        "NetworkPluginNotReady",
        "NetworkPluginNotReady",
        "A waiting reason of older kubelets, on request.",
        image("mockapi.dev/network-plugin-not-ready"),
    ),
    State(
        "DockerDaemonNotReady",
        "DockerDaemonNotReady",
        "Another one, from the time of dockershim.",
        image("mockapi.dev/docker-daemon-not-ready"),
    ),
    State(
        "ContainerRuntimeNotReady",
        "ContainerRuntimeNotReady",
        "Its CRI form.",
        image("mockapi.dev/container-runtime-not-ready"),
    ),
]

RUNNING = [
    State("Running", "Running", "What every ordinary image does.", image("nginx"), ready="1/1"),
    State(
        "Running but not ready",
        "Running",
        "The readiness probe fails: `ContainersNotReady`, and no endpoints.",
        pod(
            """
            containers:
            - name: main
              image: mockapi.dev/never-ready
              readinessProbe: {httpGet: {port: 8080}}
            """
        ),
    ),
    State(
        "Running after a failed liveness probe",
        "Running",
        "A container that fails its liveness probe three times is restarted.",
        pod(
            """
            containers:
            - name: main
              image: nginx
              livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            """,
            annotation="probes: {liveness: [{result: fail}, {after: 1h}]}",
        ),
        after=4.0,
        ready="1/1",
    ),
    State(
        "CrashLoopBackOff",
        "CrashLoopBackOff",
        "It exits again and again; restarts wait 10 s, 20 s, 40 s up to 5 minutes.",
        image("mockapi.dev/crash-loop-back-off"),
    ),
    State(
        "OOMKilled",
        "OOMKilled",
        "The kernel has killed it for its memory.",
        image("mockapi.dev/oom-killed", "restartPolicy: Never"),
    ),
]

ENDED = [
    State(
        "Completed",
        "Completed",
        "Exit code 0 and not to be restarted: phase `Succeeded`.",
        image("mockapi.dev/completed", "restartPolicy: Never"),
    ),
    State(
        "Error",
        "Error",
        "Another exit code: phase `Failed`.",
        image("mockapi.dev/error", "restartPolicy: Never"),
    ),
    State(
        "DeadlineExceeded",
        "Error",
        "It has outlived `activeDeadlineSeconds`: stopped, and failed with that reason.",
        behaves("stop: {exitCode: 143}", "activeDeadlineSeconds: 1"),
    ),
    State(
        "ContainerStatusUnknown",
        "ContainerStatusUnknown",
        "The same for a pod whose container was never seen to end.",
        behaves("pull: {seconds: 1h}", "activeDeadlineSeconds: 1"),
    ),
    State(
        "Evicted",
        "Evicted",
        "Refused by a node under pressure (`kubectl annotate node short-of-memory "
        "mockapi.dev/behaviour='pressure: memory'`).",
        image("nginx", "nodeName: short-of-memory"),
    ),
    State(
        "OutOfcpu",
        "OutOfcpu",
        "Bound to a node by name that has no room for it: the kubelet refuses it.",
        pod(
            """
            nodeName: node-1
            containers: [{name: main, image: nginx, resources: {requests: {cpu: '100'}}}]
            """
        ),
    ),
    State(
        "UnexpectedAdmissionError",
        "UnexpectedAdmissionError",
        "A device or topology manager has refused it.",
        image("mockapi.dev/unexpected-admission-error"),
    ),
    State(
        "NodeLost",
        "NodeLost",
        "Its node has stopped reporting: phase `Unknown`, as older clusters showed it.",
        image("mockapi.dev/unknown"),
        ready="1/1",
    ),
    State(
        "Terminating",
        "Terminating",
        "Deleted, and its container does not listen to SIGTERM: it has until the end of the "
        "grace period.",
        image("mockapi.dev/terminating"),
        ready="1/1",
        delete=True,
    ),
]

CHAPTERS = [
    ("Waiting for a node", SCHEDULING),
    ("Starting", STARTING),
    ("Images", IMAGES),
    ("Creating containers", CREATING),
    ("Running", RUNNING),
    ("Ended", ENDED),
]
