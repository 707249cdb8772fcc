"""What every kind with a pod template shares: the rules of a PodSpec, its warnings, its QoS class.

Source: pkg/apis/core/validation and pkg/api/pod of Kubernetes, as 1.37's default feature gates
have it. Rules that only spare objects stored by older servers are left out: there are none here.
"""
