"""Tables on standard output, which is 120 columns wide where it is no terminal."""

from disentangle_eval.cli.table import print_table

SCORE = "0.1234 ± 0.0567 [-0.0891, 0.3459] (5)"


def test_a_table_that_is_too_wide_is_printed_in_parts_with_the_first_column_in_each(capsys):
    print_table(["setting", *(f"m{i}" for i in range(20))], [["beta-vae beta=4", *[SCORE] * 20]])
    parts = [part.splitlines() for part in capsys.readouterr().out.split("\n\n")]
    heads = [part[0].split() for part in parts]
    assert {head[0] for head in heads} == {"setting"}
    assert [name for head in heads for name in head[1:]] == [f"m{i}" for i in range(20)]
    assert all(part[1].startswith("beta-vae beta=4") for part in parts)
    words = {word for part in parts for line in part[2:] for word in line.split()}
    assert words <= set(SCORE.split()), "a number is broken"
    assert all(len(line) <= 120 for part in parts for line in part)


def test_a_table_that_fits_is_one(capsys):
    print_table(["a", "b"], [["1", "2"]])
    assert capsys.readouterr().out == "a  b\n1  2\n"
