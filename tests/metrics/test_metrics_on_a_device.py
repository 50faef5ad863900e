"""Every metric scores a model on a device that is not the CPU as it does on the CPU."""

import numpy as np
import pytest
import torch
from complete_model import CompleteData, CompleteModel
from image_generators import Extractor
from test_every_metric import QUICK, SPECS, config_of, metric_of

from disentangle_eval.metrics.images import image_features
from disentangle_eval.metrics.images.feature_extractor import FeatureExtractor
from disentangle_eval.metrics.subject import EncodedSubject
from disentangle_eval.testing.imitated_device import imitated_device


def scored(name, device, seed=1):
    subject, peer = (EncodedSubject(CompleteModel().to(device), CompleteData(), iteration=7) for _ in range(2))
    subject.peers = [peer]
    protocol = next(iter(config_of(name).protocols))
    return metric_of(name, protocol, **QUICK.get(name, {}), features="tiny.pt").score(subject, seed).values


@pytest.mark.parametrize("name", SPECS)
def test_a_metric_scores_on_the_device_as_on_the_cpu(name, monkeypatch, tmp_path):
    monkeypatch.setenv("DEVAL_CACHE", str(tmp_path))

    def load(path, device):
        return FeatureExtractor(path, "0" * 64, "a test's", "none", device, Extractor().to(device))

    monkeypatch.setattr(image_features, "load_extractor", load)
    expected = scored(name, torch.device("cpu"))
    with imitated_device() as imitated:
        found = scored(name, imitated.device)
    assert found.keys() == expected.keys()
    headline = SPECS[name].headline
    np.testing.assert_allclose(found[headline], expected[headline], rtol=1e-3, atol=1e-5)
