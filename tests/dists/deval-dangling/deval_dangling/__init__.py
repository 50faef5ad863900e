"""Records whose targets fail on use, each in its own way."""

from disentangle_eval import ModelSpec, hookimpl


@hookimpl
def register_models():
    for name, target in {
        "no-module": "deval_dangling.nowhere:Model",
        "no-attribute": "deval_dangling:Model",
        "no-dependency": "deval_dangling.needy:Model",
        "no-return": "deval_dangling.leaver:Model",
    }.items():
        yield ModelSpec(name=name, summary="cannot be imported", target=target, config="deval_dangling:Config")
