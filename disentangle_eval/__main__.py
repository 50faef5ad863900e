"""`python -m disentangle_eval` is `deval`."""

from disentangle_eval.cli.main import main

main()
