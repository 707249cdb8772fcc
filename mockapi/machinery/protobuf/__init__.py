"""Objects as protobuf, between JSON trees and bytes without a protobuf runtime: per message one
function that writes and one that reads, compiled on first use from the type and number tables.

`Codec` has the envelope (`k8s\\0` and runtime.Unknown), watch frames and lists.
"""

from mockapi.machinery.protobuf.codec import Codec
from mockapi.machinery.protobuf.wire import ProtobufError

__all__ = ["Codec", "ProtobufError"]
