"""Write fingerprints.json anew after REGISTRY_VERSION was raised: python tests/conventions/fingerprints.py"""

import json
from pathlib import Path

from reptheory.conversion.registry import CONVENTIONS, REGISTRY_VERSION

if __name__ == "__main__":
    found = {name: one.fingerprint for name, one in CONVENTIONS.items()}
    document = {"version": REGISTRY_VERSION, "fingerprints": found}
    Path(__file__).with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")
