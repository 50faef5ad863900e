"""`parametrize_checks` makes one named pytest test a model and check."""

from disentangle_eval.testing import CHECKS, check_model, parametrize_checks

SMALL = {"generator_width": 2, "discriminator_width": 2}


def test_one_test_a_model_and_check():
    mark = parametrize_checks("ibgan", "other").mark
    assert mark.args[0] == "check"
    ids = [parameter.id for parameter in mark.args[1]]
    assert len(ids) == len(set(ids)) == 2 * len(CHECKS)
    assert "ibgan-encode_rows" in ids
    assert "other-no_host_read" in ids


@parametrize_checks("ibgan", config=SMALL)
def test_ibgan_conforms(check):
    check()


def test_ibgan_conforms_in_its_big_variant():
    outcomes = check_model("ibgan", image=(3, 64, 64), config={**SMALL, "variant": "big", "label_smoothing": True})
    # A GAN has no density over images; IB-GAN draws no images from codes, and has neither classes nor own pictures.
    assert sorted((outcome.check, outcome.status) for outcome in outcomes if outcome.status != "ok") == [
        ("class_probabilities", "skipped"),
        ("decode", "skipped"),
        ("log_likelihood", "skipped"),
        ("pictures", "skipped"),
    ]
