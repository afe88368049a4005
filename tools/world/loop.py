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


def train(name, groups, steps, loss_of, log, every=100):
    """Minimises loss_of(step), which returns a loss and a dict of figures to log, with AdamW and a cosine.

    groups: a list of (parameters, learning rate). Returns the last figures.
    """
    optimiser = torch.optim.AdamW(
        [{"params": list(parameters), "lr": rate} for parameters, rate in groups], betas=(0.9, 0.98), weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / WARM_UP) * (0.02 + 0.98 * 0.5 * (1 + numpy.cos(numpy.pi * step / steps))),
    )
    everything = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    start, sums = time.monotonic(), {}
    for step in range(steps):
        loss, figures = loss_of(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        optimiser.step()
        schedule.step()
        for key, value in figures.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        if (step + 1) % every == 0 or step + 1 == steps:
            count = (step % every) + 1
            last, sums = {key: round(value / count, 3) for key, value in sums.items()}, {}
            seconds = round(time.monotonic() - start)
            shown = "  ".join(f"{key} {value:.3f}" for key, value in last.items())
            log(f"{name} {step + 1}/{steps}  {shown}  {seconds} s")
    return {"steps": steps, **last}
