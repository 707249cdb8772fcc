"""Write openapi/*.schema.json, what editors need: `python -m scripts.data.schemas`."""

import json
from typing import Any

from mockapi.kubelet import json_schemas
from scripts.data.make import ROOT


def text(schema: Any) -> str:
    return json.dumps(schema, indent=1) + "\n"


def main() -> None:
    for name, make in json_schemas.ALL.items():
        (ROOT / f"{name}.schema.json").write_text(text(make()))


if __name__ == "__main__":
    main()
