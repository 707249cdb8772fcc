"""The server's own description: OpenAPI documents from the tables, without upstream's prose.

`Documents` (v3.py) has one per group version, written when first asked for. Descriptions of
fields, for `kubectl explain`, come from the optional package kubernetes-validate.
"""

from mockapi.machinery.openapi.descriptions import Descriptions, NoDescriptions, installed
from mockapi.machinery.openapi.v3 import Documents

__all__ = ["Descriptions", "Documents", "NoDescriptions", "installed"]
