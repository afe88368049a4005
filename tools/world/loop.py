"""What all trainings share: batches of token rows, and the loop around a loss."""

import time

import numpy
import torch

WARM_UP = 50


def rows_of(segments, pad):
    """Pads rows of token segments on the right.

    segments: a list of rows, each a list of lists of token ids. Returns the ids, int64 [rows, longest], and for each
    row the positions where its segments end.
    """
    lengths = [[len(segment) for segment in row] for row in segments]
    ids = numpy.full((len(segments), max(sum(row) for row in lengths)), pad, dtype=numpy.int64)
    for index, row in enumerate(segments):
        tokens = [token for segment in row for token in segment]
        ids[index, : len(tokens)] = tokens
    return torch.from_numpy(ids), torch.from_numpy(numpy.cumsum(numpy.array(lengths), axis=1))


def between(length, starts, stops):
    """Bool [rows, length]: the positions from starts (included) to stops (not)."""
    positions = torch.arange(length)
    return (positions >= starts[:, None]) & (positions < stops[:, None])


def train(name, groups, steps, loss_of, log, every=100, is_ready=None):
    """Minimises loss_of(step), which returns a loss and a dict of figures to log, with AdamW and a cosine.

    groups: a list of (parameters, learning rate). is_ready(steps done, mean figures of the last `every`) says whether to
    go on; else as many steps are made once more, at the same rates. Returns the last figures.
    """
    optimiser = torch.optim.AdamW(
        [{"params": list(parameters), "lr": rate} for parameters, rate in groups], betas=(0.9, 0.98), weight_decay=0.01
    )
    everything = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    start, sums, step, made = time.monotonic(), {}, 0, 0
    while step < steps:
        for group, (_, rate) in zip(optimiser.param_groups, groups, strict=True):
            group["lr"] = rate * _share_of_rate(step, steps)
        loss, figures = loss_of(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        optimiser.step()
        for key, value in figures.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        step, made = step + 1, made + 1
        if step % every == 0 or step == steps:
            count = (step - 1) % every + 1
            last, sums = {key: round(value / count, 3) for key, value in sums.items()}, {}
            seconds = round(time.monotonic() - start)
            shown = "  ".join(f"{key} {value:.3f}" for key, value in last.items())
            log(f"{name} {step}/{steps}  {shown}  {seconds} s")
            if is_ready and not is_ready(step, last):
                step -= every
    return {"steps": made, **last}


def _share_of_rate(step, steps):
    return min(1.0, (step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + numpy.cos(numpy.pi * step / steps)))
