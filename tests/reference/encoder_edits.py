"""Temporary changes of a module, which imitate bugs. Used by encoder_models.py and encoder_checks.py."""

from contextlib import ExitStack, contextmanager

import torch
from torch import nn


class Function(nn.Module):
    """A function in the place of a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs, **more):
        return self.function(*inputs, **more)


@contextmanager
def changed(owner, name, value):
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


@contextmanager
def replaced(module, choose):
    """Replaces the submodules for which `choose` returns another one."""
    places = []
    for owner in list(module.modules()):
        for name, child in list(owner.named_children()):
            other = choose(child)
            if other is not None:
                places.append((owner, name, child))
                setattr(owner, name, other)
    try:
        yield bool(places)
    finally:
        for owner, name, child in places:
            setattr(owner, name, child)


@contextmanager
def every_eps(module, eps):
    norms = [m for m in module.modules() if isinstance(m, nn.LayerNorm)]
    kept = [m.eps for m in norms]
    for m in norms:
        m.eps = eps
    try:
        yield
    finally:
        for m, e in zip(norms, kept):
            m.eps = e


@contextmanager
def edited(parameters, edit):
    """Changes parameters in place for a while."""
    parameters = list(parameters)
    kept = [p.detach().clone() for p in parameters]
    with torch.no_grad():
        for p in parameters:
            edit(p)
        try:
            yield
        finally:
            for p, k in zip(parameters, kept):
                p.copy_(k)


def halve(p):
    p[::2] *= 0.5  # not all rows, because a norm that follows would cancel a common factor


def swap_halves(p):
    first, second = p.clone().chunk(2)
    p.copy_(torch.cat([second, first]))


def shift_rows(p, by=1):
    """Row i becomes the old row i + by: positions that start elsewhere."""
    p.copy_(p.roll(-by, 0))


@contextmanager
def all_of(contexts):
    with ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context)
        yield
