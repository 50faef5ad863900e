"""Known vulnerabilities of the versions in constraints.txt: fails where there is one, and says what was not audited.

pip-audit alone reports "no known vulnerabilities" where it reached no record of any package.
"""

import json
import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
SECONDS = 120


def audit() -> list[dict[str, object]] | None:
    """Returns what pip-audit reports of each package, or None where it reached no service."""
    options = ["-r", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", *options]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        return json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return None


def verdict(packages: list[dict[str, object]] | None) -> tuple[int, str]:
    """Returns the exit status and one line per vulnerability, then one on what was audited."""
    if packages is None:
        return 0, "not audited: the service that lists vulnerabilities could not be reached"
    vulnerable = [
        f"{package['name']} {package['version']}: {found['id']}"
        for package in packages
        for found in package.get("vulns", [])
    ]
    skipped = [str(package["name"]) for package in packages if "skip_reason" in package]
    counts = f"{len(packages) - len(skipped)} of {len(packages)} packages audited, {len(vulnerable)} vulnerabilities"
    without_record = [f"without a record: {', '.join(skipped)}"] if skipped else []
    return int(bool(vulnerable)), "\n".join([*vulnerable, counts, *without_record])


if __name__ == "__main__":
    status, lines = verdict(audit())
    print(lines)
    raise SystemExit(status)
