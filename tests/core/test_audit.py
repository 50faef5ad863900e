"""What `make audit` says of vulnerabilities, and of packages that could not be audited."""

import pytest
from audit import verdict

SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
VULNERABLE = {"name": "pillow", "version": "13.0.0", "vulns": [{"id": "PYSEC-1"}]}
UNKNOWN = {"name": "click", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SOUND], 0, ["1 of 1 packages audited, 0 vulnerabilities"]),
        ([SOUND, VULNERABLE], 1, ["pillow 13.0.0: PYSEC-1", "2 of 2 packages audited, 1 vulnerabilities"]),
        ([UNKNOWN, UNKNOWN], 0, ["0 of 2 packages audited", "without a record: click, click"]),
        (None, 0, ["not audited"]),
    ],
)
def test_a_vulnerability_fails_and_a_package_without_a_record_is_never_called_sound(packages, status, said):
    result, lines = verdict(packages)
    assert result == status
    assert all(line in lines for line in said)
