"""Networks converted from torch modules beside the modules themselves."""

from __future__ import annotations

import copy

import numpy as np

import neurokit as nk


def spikes_in(shape, *, batch=3, steps=40, rate=0.3, seed=0):
    """Random input spikes (batch, steps, *shape)."""
    return (np.random.default_rng(seed).random((batch, steps, *shape)) < rate).astype(np.float64)


def randomise(module, seed=0, gain=3.0):
    """Weights `gain` times as large as torch draws them, no bias zero, random running statistics; by `seed` alone."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    for own in module.modules():
        for name, parameter in own.named_parameters(recurse=False):
            if name == "bias":
                parameter.data = torch.rand(parameter.shape, generator=generator) * 0.4 - 0.1
            elif name == "weight" and parameter.ndim > 1:
                bound = gain / parameter[0].numel() ** 0.5
                parameter.data = (torch.rand(parameter.shape, generator=generator) * 2 - 1) * bound
        if getattr(own, "running_var", None) is not None:
            own.running_mean = torch.rand(own.running_mean.shape, generator=generator) - 0.5
            own.running_var = torch.rand(own.running_var.shape, generator=generator) + 0.5
            own.weight.data = torch.rand(own.weight.shape, generator=generator) + 0.5
    return module


def by_step(module, x, reset=None):
    """What a module that takes one step gives: all that it returns, each stacked to (batch, steps, ...)."""
    import torch

    if reset is not None:
        reset(module)
    found = []
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    with torch.no_grad():
        for t in range(x.shape[1]):
            out = module(torch.as_tensor(x[:, t], dtype=dtype))
            found.append([part.numpy() for part in (out if isinstance(out, tuple) else (out,))])
    return [np.stack(parts, 1) for parts in zip(*found, strict=True)]


def by_list(module, x, reset=None):
    """What a module that takes (steps, samples, ...) gives, as (batch, steps, ...)."""
    import torch

    if reset is not None:
        reset(module)
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    with torch.no_grad():
        out = module(torch.as_tensor(np.swapaxes(x, 0, 1).copy(), dtype=dtype))
    return [np.swapaxes(part.numpy(), 0, 1) for part in (out if isinstance(out, tuple) else (out,))]


def doubled(module):
    """A copy in double precision. Frameworks that send spikes in single precision have them cast for the next layer."""
    module = copy.deepcopy(module).double().eval()
    for own in module.modules():
        if getattr(own, "weight", None) is not None:
            own.register_forward_pre_hook(lambda own, args: (args[0].to(own.weight.dtype), *args[1:]))
    return module


def assert_equal(module, shape, outputs, run, *, x=None, least=20, **options):
    """The network of the module in double precision, where float ties do not happen, gives exactly its spikes.

    outputs: population names, in the order of what `run(module, x)` gives. least: spikes each must have.
    """
    module = doubled(module)
    x = spikes_in(shape) if x is None else x
    network = nk.convert(module, shape=shape, **options)
    recording = nk.run(network, x)
    wanted = run(module, x)
    for name, spikes in zip(outputs, wanted, strict=True):
        found = recording.spikes[name]
        assert spikes.sum() >= least, f"'{name}' has {spikes.sum()} spikes: nothing is shown"
        assert spikes.mean() < 0.95, f"'{name}' fires nearly always: nothing is shown"
        assert (found.reshape(spikes.shape) != spikes).sum() == 0, f"'{name}' differs"
    return network
