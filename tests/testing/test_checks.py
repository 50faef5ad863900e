"""Each check fails on a specimen with the one fault it looks for, and on nothing else."""

import functools

import pytest

from disentangle_eval.api import ImageShape
from disentangle_eval.registry.lookup import Registered
from disentangle_eval.registry.specs import ModelSpec
from disentangle_eval.testing import CHECKS
from disentangle_eval.testing.candidate import Candidate
from disentangle_eval.testing.checks import check_registration_imports_no_torch
from disentangle_eval.testing.outcomes import Outcome, check_candidate
from disentangle_eval.testing.verdict import check_name, judge

SOUND_ENTRY = "specimens.sound"
SOUND_CONFIG = "specimens.sound_config:SoundConfig"
SOUND_MODEL = "specimens.sound_model:Sound"

FAULTY_MODELS = {
    "construction": [
        "training:SeedsItself",
        "training:RefusesTheImage",
        "training:KeepsOtherSettings",
        "training:NoModel",
    ],
    "players": [
        "training:ForgetsANetwork",
        "training:SharesANetwork",
        "training:FreezesAParameter",
        "training:NegativeLearningRate",
        "training:TwoOfOneName",
        "training:GroupWithoutComma",
        "training:NetworkForGroup",
        "training:OptimiserOfTorch",
    ],
    "rounds": [
        "training:PlayersForRounds",
        "training:NeverDue",
        "training:EndsBeforeItStarts",
        "training:ReturnsATensor",
        "training:TotalDetached",
        "training:TotalOfAnother",
        "training:TotalNotScalar",
        "training:TotalNotFinite",
        "training:TermOfTwoDimensions",
        "training:IdlePlayer",
        "training:UnknownPlayer",
        "training:KeepsTheGraph",
        "training:PlayerWithoutComma",
        "training:TermNamedIteration",
        "training:TermNamedAsATotal",
        "training:InfiniteGradient",
    ],
    "gradients": ["training:UnusedLayer", "training:DetachedEncoder"],
    "iteration_counter": ["training:Counts", "training:ReplacesTheCounter", "training:ChangesTheBatch"],
    "no_global_randomness": [
        "randomness:RandnLike",
        "randomness:Rsample",
        "randomness:Dropout",
        "randomness:NumpyInARound",
        "randomness:PythonInARound",
        "randomness:NumpyInTheConstructor",
        "randomness:NoiseInGenerate",
    ],
    "no_host_read": [
        "host_reads:Item",
        "host_reads:Branch",
        "host_reads:BranchOnIteration",
        "host_reads:ToList",
        "host_reads:ToNumpy",
        "host_reads:ToCpu",
        "host_reads:BooleanMask",
        "host_reads:CheckedDistribution",
        "host_reads:TensorOnTheCpu",
    ],
    "replicas": ["state:ModuleLevelCache", "state:NaNLater"],
    "resume": [
        "state:PlainAttribute",
        "state:PythonCounter",
        "state:UnsavedRandomBuffer",
        "state:EncoderShiftedInTraining",
    ],
    "capture": [
        "state:ReplacedBuffer",
        "state:HalvedEveryOtherTime",
        "training:ScheduleBranches",
        "training:ScheduleOfANumber",
    ],
    "encode": ["methods:CodeTooShort", "methods:NoCode", "methods:DoubleCodes", "methods:LogitsForClasses"],
    "encode_rows": ["methods:BatchStatistics", "methods:TrainingMode", "methods:CountsCalls"],
    "posterior": ["methods:PosteriorAsPair", "methods:PosteriorOfTheBatch"],
    "class_probabilities": [
        "methods:ProbabilitiesOfNoCode",
        "methods:ProbabilitiesNotATuple",
        "methods:LogitsForProbabilities",
        "methods:ProbabilitiesOfAnotherClass",
    ],
    "log_likelihood": ["methods:LikelihoodAPixel", "methods:LikelihoodOfTheBatch", "methods:WidePosterior"],
    "evaluation": ["methods:GenerateCounts", "methods:GenerateRemembers", "methods:ReconstructionOfTheBatch"],
    "generate": ["methods:SignedImages", "methods:NoPrior"],
    "reconstruct": ["methods:FlatReconstruction"],
    "decode": ["methods:SignedDecoding"],
    "rate": ["methods:RateOfTheBatch"],
    "lower_bound": ["methods:LowerBoundOfTheBatch"],
    "device": ["devices:ConstantOnTheCpu", "devices:ImagesOnTheCpu", "devices:PlainAttribute"],
    "pictures": ["methods:SignedPictures", "methods:PictureOfATakenName"],
    "traversal": ["methods:SpreadAPair", "methods:SignedTraversal"],
}
FAULTY_CONFIGS = [
    "configs:AcceptsUnknown",
    "configs:Changeable",
    "configs:LeavesOutAField",
    "configs:Infinite",
    "configs:PresetOutOfBounds",
    "configs:HoldsADictionary",
    "configs:NamedAsAnOptionOfEveryRun",
    "configs:TwoOfOneFlag",
    "configs:NamedAsASettingWithin",
    "configs:MisspeltDefaultPreset",
    "configs:NoDefaultAmongPresets",
    "configs:HoldsOrdinarySettings",
    "config_undescribed:Undescribed",
]


def candidate(target: str = SOUND_MODEL, config: str = SOUND_CONFIG, entry: str = SOUND_ENTRY) -> Candidate:
    spec = ModelSpec(name="specimen", summary="a specimen", target=target, config=config)
    return Candidate(registered=Registered(spec, "specimens", "0"), entry=entry, image=ImageShape(1, 16, 16))


@functools.cache
def registration(entry: str, config: str):
    """Its verdict depends on nothing else; finding it starts an interpreter."""
    return judge(candidate(config=config, entry=entry), check_registration_imports_no_torch)


def outcomes(specimen: Candidate) -> list[Outcome]:
    verdict = registration(specimen.entry, specimen.registered.spec.config)
    specimen.verdicts[check_registration_imports_no_torch] = verdict
    return list(check_candidate(specimen))


def failed(specimen: Candidate) -> dict[str, str]:
    return {done.check: done.message for done in outcomes(specimen) if done.status == "failed"}


@functools.cache
def failed_model(specimen: str) -> dict[str, str]:
    return failed(candidate(target=f"specimens.faulty_{specimen}"))


def test_a_sound_specimen_passes_every_check():
    assert [(done.check, done.status, done.message) for done in outcomes(candidate())] == [
        (check_name(check), "ok", "") for check in CHECKS
    ]


@pytest.mark.parametrize(
    ("check", "specimen"), [(check, specimen) for check, specimens in FAULTY_MODELS.items() for specimen in specimens]
)
def test_a_fault_in_a_model_fails_its_check_alone(check, specimen):
    found = failed_model(specimen)
    assert list(found) == [check], found
    assert found[check].startswith(f"{check}: received ")
    assert "; expected " in found[check]
    assert "; to fix: " in found[check]
    assert "\n" not in found[check]


@pytest.mark.parametrize("config", FAULTY_CONFIGS)
def test_a_fault_in_the_settings_fails_their_check_alone(config):
    assert list(failed(candidate(config=f"specimens.faulty_{config}"))) == ["config"]


@pytest.mark.parametrize(
    ("specimen", "module"),
    [
        ({"entry": "specimens.faulty_registrations"}, "specimens.faulty_registrations"),
        ({"entry": "specimens.faulty_hooks"}, "specimens.faulty_hooks"),
        ({"config": "specimens.faulty_config_imports:ImportsTorch"}, "specimens.faulty_config_imports"),
    ],
)
def test_a_slow_import_fails_registration_alone_and_names_the_module(specimen, module):
    found = failed(candidate(**specimen))
    assert list(found) == ["registration_imports_no_torch"]
    assert f"torch imported by '{module}'" in found["registration_imports_no_torch"]


def test_every_check_has_a_planted_fault():
    planted = {*FAULTY_MODELS, "config", "registration_imports_no_torch"}
    assert planted == {check_name(check) for check in CHECKS}


@pytest.mark.parametrize(
    ("specimen", "line"),
    [
        ("host_reads:Item", "faulty_host_reads.py:13 (return total / total.item())"),
        ("randomness:RandnLike", "used torch's global generator at faulty_randomness.py:"),
        ("training:NegativeLearningRate", "Invalid learning rate: -0.001 at faulty_training.py:"),
        ("training:NegativeLearningRate", "to fix: correct the arguments of its Optim"),
        ("training:TwoOfOneName", "to fix: rename one of them"),
        ("training:GroupWithoutComma", "to fix: write (Group(network),), with a comma behind the only one"),
        ("training:OptimiserOfTorch", "received Player 'critic': optim: Adam"),
        ("training:OptimiserOfTorch", "to fix: write Optim(lr=1e-3), or an optimiser of torch.optim by its name"),
        ("training:NoModel", "to fix: derive the class from Model and call super().__init__(cfg, image)"),
        ("training:TermNamedIteration", "the name of the log's own counter at faulty_training.py:"),
        ("training:RefusesTheImage", "draws 64 x 64 images, received 16 x 16"),
        ("state:PlainAttribute", "weights.encoder.1.weight"),
    ],
)
def test_a_message_says_where_to_look(specimen, line):
    assert line in " ".join(failed_model(specimen).values())
