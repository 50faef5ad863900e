import subprocess
import sys

from disentangle_eval.config import build
from disentangle_eval.metrics.factors.config import FactorVAEConfig


def test_the_first_protocol_is_the_default():
    name, values = next(iter(FactorVAEConfig.protocols.items()))
    assert name == "dlib"
    assert build(FactorVAEConfig, values) == FactorVAEConfig()


def test_settings_import_no_torch():
    code = "import sys, disentangle_eval.metrics.factors.config as _; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
