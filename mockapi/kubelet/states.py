"""The states that have a name: as an image (`mockapi.dev/<state>`) or as `state: <state>`.

Each is an ordinary behaviour, written as a user could write it.
"""

from typing import Any

IMAGE_PREFIX = "mockapi.dev/"

_HUGE_MEMORY = "fatal error: runtime: out of memory"

STATES: dict[str, dict[str, Any]] = {
    "running": {},
    "completed": {"run": {"seconds": 0}},
    "error": {"run": {"seconds": 0, "exitCode": 1}},
    "crash-loop-back-off": {"run": {"seconds": 0, "exitCode": 1}},
    "oom-killed": {"run": {"seconds": 1, "signal": "KILL", "reason": "OOMKilled"}},
    "container-creating": {"pull": {"seconds": "24h"}},
    "pod-initializing": {"pull": {"seconds": "24h"}},
    "err-image-pull": {"pull": {"fails": "always"}},
    "image-pull-back-off": {"pull": {"fails": "always"}},
    "registry-unavailable": {
        "pull": {
            "fails": "always",
            "error": "RegistryUnavailable: dial tcp: lookup registry: no such host",
        }
    },
    "signature-validation-failed": {
        "pull": {
            "fails": "always",
            "error": "SignatureValidationFailed: Source image rejected: no signature exists",
        }
    },
    "image-inspect-error": {
        "pull": {"inspectError": "rpc error: code = Unknown desc = layer not known"}
    },
    "err-image-never-pull": {"pull": {"reason": "ErrImageNeverPull", "fails": "always"}},
    "invalid-image-name": {"pull": {"reason": "InvalidImageName", "fails": "always"}},
    "create-container-config-error": {
        "create": {
            "reason": "CreateContainerConfigError",
            "error": 'configmap "settings" not found',
        }
    },
    "create-container-error": {
        "create": {
            "reason": "CreateContainerError",
            "error": "failed to generate container spec: no command specified",
        }
    },
    "run-container-error": {
        "start": {
            "error": "failed to create containerd task: failed to create shim task: OCI runtime "
            "create failed: runc create failed: unable to start container process: error during "
            'container init: exec: "/app": stat /app: no such file or directory'
        }
    },
    "post-start-hook-error": {"postStart": {"error": "command '/hook' exited with 1: "}},
    "never-ready": {"probes": {"readiness": {"result": "fail"}}},
    "unhealthy": {"probes": {"liveness": {"result": "fail"}}},
    "never-started": {"probes": {"startup": {"result": "fail"}}},
    "terminating": {"stop": {"ignores": True}},
    "slow-stop": {"stop": {"seconds": 10}},
    "failed-create-pod-sandbox": {
        "sandbox": {
            "error": "rpc error: code = Unknown desc = failed to setup network for sandbox: plugin "
            'type="bridge" failed (add): failed to allocate for range 0: no IP addresses available '
            "in range set"
        }
    },
    "evicted": {
        "evict": {
            "after": 0,
            "reason": "Evicted",
            "message": "The node was low on resource: memory. Threshold quantity: 100Mi, "
            "available: 80Mi. ",
        }
    },
    "unexpected-admission-error": {
        "reject": {
            "reason": "UnexpectedAdmissionError",
            "message": "Allocate failed due to no devices available, which is unexpected",
        }
    },
    "out-of-cpu": {
        "reject": {
            "reason": "OutOfcpu",
            "message": "Node didn't have enough resource: cpu, requested: 1000, used: 3500, "
            "capacity: 4000",
        }
    },
    "unknown": {"lost": True},
    "docker-daemon-not-ready": {"wait": {"reason": "DockerDaemonNotReady"}},
    "container-runtime-not-ready": {
        "wait": {
            "reason": "ContainerRuntimeNotReady",
            "message": "container runtime is down",
        }
    },
    "network-plugin-not-ready": {
        "wait": {
            "reason": "NetworkPluginNotReady",
            "message": "container runtime network not ready: NetworkReady=false "
            "reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not "
            "initialized",
        }
    },
}


def normal(name: str) -> str:
    """`CrashLoopBackOff`, `crash_loop_back_off` and `crash-loop-back-off` are one state."""
    out: list[str] = []
    for index, char in enumerate(name):
        if char.isupper():
            after_small = index and not name[index - 1].isupper()
            before_small = index and index + 1 < len(name) and name[index + 1].islower()
            if (after_small or before_small) and out[-1] != "-":
                out.append("-")
        out.append("-" if char in "_ " else char.lower())
    return _ALIASES.get("".join(out), "".join(out))


_ALIASES = {
    "oomkilled": "oom-killed",
    "crash-loop-backoff": "crash-loop-back-off",
    "crashloopbackoff": "crash-loop-back-off",
    "image-pull-backoff": "image-pull-back-off",
    "imagepullbackoff": "image-pull-back-off",
    "succeeded": "completed",
    "failed": "error",
    "out-ofcpu": "out-of-cpu",
    "ready": "running",
    "node-lost": "unknown",
}
