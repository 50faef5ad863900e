"""A value per run, in a row per setting."""

from disentangle_eval.report.strip import strip_figure


def test_a_long_name_is_folded_and_leaves_room_for_the_axes() -> None:
    name = "infogan batch_size=64 width=32 noise_dim=16 lambda_categorical=0.1"
    figure = strip_figure({name: [0.9, 0.8], "vae": [0.7]}, "mig")
    long, short = (label.get_text() for label in figure.axes[0].get_yticklabels())
    assert max(map(len, long.splitlines())) <= 30
    assert long.replace("\n", " ") == f"{name} (2)"
    assert short == "vae (1)"
    assert figure.get_size_inches()[1] > strip_figure({"ibgan": [0.9, 0.8], "vae": [0.7]}, "mig").get_size_inches()[1]
