import numpy as np
import pytest
import torch
from code_tables import load_code_table
from pixel_models import GridData

from disentangle_eval.config import build
from disentangle_eval.data.dataset import ImageDataset
from disentangle_eval.data.images import ByteImages
from disentangle_eval.errors import DevalError, UsageError
from disentangle_eval.latents import Categorical, Continuous, continuous
from disentangle_eval.metrics.labels.cluster_accuracy import ClusterAccuracyMetric
from disentangle_eval.metrics.labels.config import ClusterAccuracyConfig
from disentangle_eval.metrics.subject import CodeTable, EncodedSubject

PROTOCOLS = ["hungarian", "majority"]
LABELS = np.repeat(np.arange(10), 50)


def score(subject, protocol="hungarian", seed=0, **settings):
    cfg = build(ClusterAccuracyConfig, {**ClusterAccuracyConfig.protocols[protocol], **settings})
    return ClusterAccuracyMetric(cfg).score(subject, seed)


def clusters(column, labels=LABELS, n=10):
    return CodeTable(np.asarray(column)[:, None], code=(Categorical(n),), labels=np.asarray(labels))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_clusters_that_are_the_classes_under_other_names_score_1(protocol):
    names = np.array([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    scores = score(clusters(names[LABELS]), protocol)
    assert scores.values["value"] == scores.values["hungarian"] == scores.values["majority"] == 1
    assert scores.values["hungarian_error"] == scores.values["majority_error"] == 0
    assert scores.values["hungarian_names"] == scores.values["majority_names"] == np.argsort(names).tolist()
    np.testing.assert_array_equal(np.array(scores.values["confusion"])[:, names], 50 * np.eye(10))
    assert (scores.values["num_images"], scores.values["column"], scores.values["classes"]) == (500, 0, list(range(10)))


def test_one_to_one_counts_a_class_in_two_clusters_once_and_majority_twice():
    # Rows are the classes 0, 1, 2; columns the clusters.
    confusion = np.array([[6, 4, 0], [1, 2, 1], [1, 2, 3]])
    labels = np.repeat(np.arange(3), confusion.sum(axis=1))
    column = np.concatenate([np.repeat(np.arange(3), row) for row in confusion])
    values = score(clusters(column, labels, 3)).values
    assert values["confusion"] == confusion.tolist()
    assert values["hungarian"] == (6 + 2 + 3) / 20
    assert values["hungarian_names"] == [0, 1, 2]
    assert values["majority"] == (6 + 4 + 3) / 20
    assert values["majority_names"] == [0, 0, 2]
    assert values["hungarian_error"] == pytest.approx(9 / 20)
    assert score(clusters(column, labels, 3), "majority").values["value"] == 13 / 20


def test_the_best_assignment_may_pass_over_the_largest_cell():
    confusion = np.array([[5, 4], [4, 0]])
    labels = np.repeat(np.arange(2), confusion.sum(axis=1))
    column = np.concatenate([np.repeat(np.arange(2), row) for row in confusion])
    values = score(clusters(column, labels, 2)).values
    assert values["hungarian"] == 8 / 13
    assert values["majority"] == 9 / 13


def test_a_class_split_over_two_clusters_is_half_lost_one_to_one_and_kept_by_majority():
    column = LABELS.copy()
    column[:25] = 10
    values = score(clusters(column, n=12)).values
    assert values["hungarian"] == 475 / 500
    assert values["majority"] == 1
    assert values["majority_names"] == [*range(10), 0, -1]


def test_two_classes_in_one_cluster_lose_one_under_either_matching():
    values = score(clusters(np.where(LABELS == 9, 8, LABELS))).values
    assert values["hungarian"] == values["majority"] == 0.9


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_clusters_that_know_nothing_score_chance(protocol):
    labels = np.repeat(np.arange(10), 1000)
    scores = score(clusters(np.random.default_rng(0).integers(10, size=10_000), labels), protocol)
    assert scores.values["value"] == pytest.approx(scores.chance, abs=0.005)
    assert scores.chance == scores.values[f"{protocol}_chance"] == pytest.approx(0.114, abs=0.002)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_cluster_for_all_scores_the_most_frequent_class_and_that_is_chance(protocol):
    labels = np.array([0, 0, 0, 1, 2])
    scores = score(clusters(np.full(5, 7), labels), protocol)
    assert [scores.values["value"], scores.chance] == pytest.approx([0.6, 0.6])
    assert scores.values[f"{protocol}_names"] == [-1] * 7 + [0] + [-1] * 2


def test_images_of_one_class_alone_have_a_chance():
    values = score(clusters(np.arange(50) % 3, np.full(50, 4))).values
    assert [values["hungarian"], values["hungarian_chance"]] == pytest.approx([17 / 50] * 2)
    assert [values["majority"], values["majority_chance"]] == pytest.approx([1, 1])


@pytest.mark.parametrize("protocol", ["k-means", "hungarian"])
def test_a_constant_code_scores_chance(protocol):
    code = (Categorical(3),) if protocol == "hungarian" else continuous(1)
    scores = score(CodeTable(np.ones((500, 1)), code=code, labels=LABELS), protocol)
    assert [scores.values["value"], scores.chance] == pytest.approx([0.1, 0.1])


def test_more_clusters_than_classes_raise_the_chance_of_majority():
    labels = np.repeat(np.arange(10), 100)
    values = score(clusters(np.random.default_rng(0).integers(100, size=1000), labels, 100)).values
    assert values["majority_chance"] > 0.25
    assert values["hungarian_chance"] < 0.06


def test_labels_need_not_count_from_0():
    values = score(clusters([0, 0, 1], labels=[40, 40, 7], n=2)).values
    assert values["classes"] == [7, 40]
    assert values["hungarian_names"] == [40, 7]


def code_of_three_columns():
    right, left = np.arange(500) % 10, np.arange(500) % 4
    code = (Continuous(), Categorical(4), Categorical(10))
    return CodeTable(np.stack([np.zeros(500), left, right], axis=1), code=code, labels=right)


def test_the_column_with_the_most_classes_counts_unless_another_is_chosen():
    assert score(code_of_three_columns()).values["column"] == 2
    assert score(code_of_three_columns()).values["value"] == 1
    assert score(code_of_three_columns(), column=1).values["value"] < 0.5


@pytest.mark.parametrize("column", [0, 3])
def test_a_column_that_holds_no_classes_is_refused(column):
    with pytest.raises(UsageError, match=f"column: received {column}, expected a categorical dimension .*: 1, 2"):
        score(code_of_three_columns(), column=column)


def test_a_code_of_real_numbers_is_refused_on_one_line():
    table = CodeTable(np.zeros((500, 3)), labels=LABELS)
    with pytest.raises(UsageError, match="code: received 3 real numbers, expected one with a categorical") as caught:
        score(table)
    assert "\n" not in str(caught.value)


class PixelClass(torch.nn.Module):
    """Its code is the class 3 - pixel, or NaN."""

    code = (Categorical(4),)

    def __init__(self, broken=False):
        super().__init__()
        self.broken = broken
        self.seen = 0

    def encode(self, x):
        self.seen += len(x)
        return torch.full_like(x[:, 0, 0], torch.nan) if self.broken else 3 - (255 * x[:, 0, 0]).round()


def labelled_images():
    labels = np.array([0, 1, 2, 3, 3, 3])
    pixels = torch.from_numpy(labels.astype(np.uint8)).view(-1, 1, 1, 1)
    return ImageDataset("four", "0" * 64, ByteImages(pixels), labels=labels)


def test_a_model_is_scored_on_every_labelled_image_once():
    model = PixelClass()
    subject = EncodedSubject(model, labelled_images())
    for protocol in PROTOCOLS:
        assert score(subject, protocol).values["value"] == 1
    assert model.seen == 6
    assert score(subject).values["mapping_split"] == "four"


def test_a_model_whose_codes_are_nan_is_refused():
    with pytest.raises(DevalError, match="NaN or infinity in 6 of 6 rows"):
        score(EncodedSubject(PixelClass(broken=True), labelled_images()))


def test_data_without_labels_or_factors_say_so_when_they_are_asked_for(space):
    with pytest.raises(UsageError, match="'grid' has no labels"):
        _ = EncodedSubject(PixelClass(), GridData(space)).labels
    with pytest.raises(UsageError, match="'four' has no known factors"):
        _ = EncodedSubject(PixelClass(), labelled_images()).factors


def test_a_file_of_codes_and_labels_is_scored(tmp_path):
    path = tmp_path / "codes.npz"
    np.savez(path, codes=LABELS[:, None], labels=LABELS, code_classes=[10])
    table = load_code_table(path)
    assert table.offered == {"encoder", "labels"}
    assert score(table).values["value"] == 1
    assert score(table).values["mapping_split"] == "codes"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(4, dtype=int), r"received int64 of shape \(4,\), expected integers from 0 of shape \(5,\)"),
        (np.zeros(5), r"received float64 of shape \(5,\)"),
        (np.full(5, -1), "received -1"),
    ],
)
def test_unusable_labels_are_named(labels, message):
    with pytest.raises(UsageError, match=f"labels: {message}"):
        CodeTable(np.zeros((5, 1)), code=continuous(1), labels=labels)


def test_nmi_and_ari_equal_the_formulas_counted_out():
    random = np.random.default_rng(0)
    column = np.where(random.random(500) < 0.6, LABELS, random.integers(10, size=500))
    values = score(clusters(column)).values
    joint = np.array(values["confusion"]) / 500
    p, q = joint.sum(axis=1), joint.sum(axis=0)
    cells = joint[joint > 0]
    information = (cells * np.log(cells / np.outer(p, q)[joint > 0])).sum()
    entropies = [-(share * np.log(share)).sum() for share in (p, q)]
    assert values["nmi"] == pytest.approx(information / np.mean(entropies))

    together = [np.triu(side[:, None] == side, 1).sum() for side in (LABELS, column)]
    both = np.triu((LABELS[:, None] == LABELS) & (column[:, None] == column), 1).sum()
    pairs = 500 * 499 / 2
    expected = together[0] * together[1] / pairs
    assert values["ari"] == pytest.approx((both - expected) / (np.mean(together) - expected))


def test_held_back_images_name_the_clusters_and_the_others_are_scored():
    names = np.random.default_rng(0).permutation(10)
    scores = score(clusters(names[LABELS]), "validation", held_back=200)
    assert scores.values["value"] == 1
    assert (scores.values["num_images"], np.sum(scores.values["confusion"])) == (300, 300)
    assert scores.values["mapping_split"] == "codes, 200 images held back"
    assert scores.counts == {"held_back": 200}
    few = score(clusters(names[LABELS]), "validation")
    assert few.counts == {"held_back": 250}
    random = np.random.default_rng(1).integers(10, size=500)
    unrelated = score(clusters(random), "validation", held_back=250)
    assert unrelated.values["value"] == pytest.approx(unrelated.chance, abs=0.06)
    assert unrelated.chance == pytest.approx(0.1, abs=0.01)


def test_the_images_held_back_from_training_name_the_clusters():
    subject = EncodedSubject(PixelClass(), labelled_images())
    with pytest.raises(UsageError, match="no images held back from training"):
        score(subject, "hinz-wermter")
    labels = np.array([3, 2, 1, 1])
    pixels = torch.tensor([0, 1, 2, 3], dtype=torch.uint8).view(-1, 1, 1, 1)
    subject.validation = EncodedSubject(
        PixelClass(), ImageDataset("held back", "1" * 64, ByteImages(pixels), labels=labels)
    )
    found = score(subject, "hinz-wermter")
    # Pixel p is in cluster 3 - p; of the two clusters of class 1 the first takes the name.
    assert found.values["hungarian_names"] == [-1, 1, 2, 3]
    assert found.values["value"] == 0
    assert (found.values["mapping_split"], found.values["num_images"], found.counts) == (
        "held back",
        6,
        {"held_back": 4},
    )


def test_k_means_finds_classes_in_real_numbers():
    random = np.random.default_rng(0)
    centres = 10 * random.normal(size=(10, 3))
    codes = np.hstack([centres[LABELS] + random.normal(size=(500, 3)), np.full((500, 1), 0.1)])
    assert score(CodeTable(codes, labels=LABELS), "k-means").values["value"] > 0.99
    wide = np.hstack([codes, 1000 * random.normal(size=(500, 1))])
    assert score(CodeTable(codes, labels=LABELS), "k-means-unscaled").values["value"] > 0.99
    assert score(CodeTable(wide, labels=LABELS), "k-means-unscaled").values["value"] < 0.3
    noise = score(CodeTable(random.normal(size=(500, 3)), labels=LABELS), "k-means")
    assert noise.values["value"] == pytest.approx(noise.chance, abs=0.06)
    assert score(CodeTable(np.full((500, 2), 0.1), labels=LABELS), "k-means").values["value"] == pytest.approx(0.1)
