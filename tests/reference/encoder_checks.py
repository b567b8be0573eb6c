"""Checks that each part of a random model affects its logits: halved parameters and typical bugs. Used by make_encoder_fixtures.py."""

from torch import nn
from transformers.activations import GELUActivation, NewGELUActivation, PytorchGELUTanh

from encoder_edits import edited, every_eps, halve, replaced
from encoder_models import KEY_BIAS

ENOUGH = 20e-4  # of a logit; the tests' tolerance is at most 1e-4
ENOUGH_GELU = 10e-4  # the two forms differ by less than 5e-4 at any input


def other_gelu(m):
    if isinstance(m, GELUActivation):
        return NewGELUActivation()
    return GELUActivation() if isinstance(m, (NewGELUActivation, PytorchGELUTanh)) else None


def moved(family, pairs, before):
    return (family.logits(pairs) - before).abs().max().item()


def common_bugs(family):
    """Bugs that every encoder can have."""
    norms = [m.eps for m in family.module.modules() if isinstance(m, nn.LayerNorm)]
    if norms:
        yield "eps", every_eps(family.module, 1e-12 if max(norms) >= 1e-6 else 1e-5)
    if any(other_gelu(m) for m in family.module.modules()):
        yield "gelu", replaced(family.module, other_gelu)


def changes(family):
    """Names of bugs and halved parameters, each with its context. The bugs come first, because they find weak models sooner."""
    yield from common_bugs(family)
    yield from family.weakened()
    for name, p in family.module.named_parameters():
        if not KEY_BIAS.search(name) or family.rotated:
            yield name, edited([p], halve)


def check(name, family, pairs):
    """The first change that hardly moves a logit, or None if every change moves one."""
    before, result = family.logits(pairs), {}
    if family.types:
        result["types"] = moved(family, [(ids, [0] * len(ids)) for ids, _ in pairs], before)
    for change, context in changes(family):
        with context:
            result[change] = moved(family, pairs, before)
        if result[change] < (ENOUGH_GELU if "gelu" in change.lower() else ENOUGH):
            return f"{change} {result[change]:.5f}"
    assert moved(family, pairs, before) == 0, "a change was not undone"
    least = sorted(result.items(), key=lambda item: item[1])[:4]
    print(f"{name}: {len(result)} changes, least {', '.join(f'{k} {v:.4f}' for k, v in least)}")
    return None
