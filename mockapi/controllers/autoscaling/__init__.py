"""The horizontal pod autoscaler: metrics in, replicas out.

`metrics` reads, `calculator` proposes, `limits` holds back, `status` words it, `controller` is the
loop. All but the first and the last are pure. Source: pkg/controller/podautoscaler.
"""
