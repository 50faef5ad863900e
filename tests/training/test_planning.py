"""What a run is to be, before anything is opened."""

from disentangle_eval.training.planning import plan_run


def test_a_shortened_schedule_is_that_of_the_data_set_and_what_is_typed_wins(tmp_path):
    plan = plan_run("ibgan", {"shorten": 4.0, "noise_iterations": 7}, tmp_path / "run")
    cfg = plan.cfg.model_dump()
    assert (cfg["lr"], cfg["lr_discriminator"], cfg["iterations"], cfg["noise_iterations"]) == (2e-4, 4e-6, 37_500, 7)
    assert plan.settings.shorten == 4


def test_a_preset_s_settings_of_the_data_set_are_those_of_the_run(tmp_path):
    assert plan_run("factorvae", {"dataset": "chairs3d"}, tmp_path / "a").settings.dataset == "chairs3d?channels=3"
    typed = {"dataset": "chairs3d?channels=1"}
    assert plan_run("factorvae", typed, tmp_path / "b").settings.dataset == "chairs3d?channels=1"
    assert plan_run("infogan", {"dataset": "faces"}, tmp_path / "c").settings.dataset == "faces?size=32"
