"""How fast a device's products, memory, copies and launches are, and whether attention as vlrm calls it is right."""

import time

import torch
from torch.nn.functional import scaled_dot_product_attention as attend

HALF = torch.bfloat16
WORST_ATTENTION_ERROR = 0.03
# Queries and keys of one call: whole prefixes, and continuations of every alignment.
CALLS = [(7, 33), (5, 65), (64, 64), (100, 257), (180, 244), (191, 255), (16, 1601), (300, 1281), (33, 97), (1, 129)]


class Device:
    """`quick`: sizes at which a CPU can rehearse it."""

    def __init__(self, name):
        self.device = torch.device(name)
        self.cuda = self.device.type == "cuda"
        self.quick = not self.cuda

    def seconds(self, work, repeats=10):
        """The median of some runs after the first."""
        work()
        times = []
        for _ in range(1 if self.quick else repeats):
            self.wait()
            begin = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - begin)
        return sorted(times)[len(times) // 2]

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize()

    def random(self, *shape):
        return torch.randn(*shape, device=self.device, dtype=HALF)


def products(device):
    shapes = {"product": (8192, 8192, 8192), "text_400_rows": (400, 4096, 28672), "text_3500_rows": (3500, 4096, 28672),
              "vision": (6432, 1280, 3840)}
    found = {}
    for name, shape in shapes.items():
        rows, inner, columns = (size // 16 if device.quick else size for size in shape)
        x, weight = device.random(rows, inner), device.random(columns, inner)
        found[f"{name}_tflops"] = 2 * rows * inner * columns / device.seconds(lambda x=x, w=weight: x @ w.t()) / 1e12
    return found


def memory(device):
    size = 2**20 if device.quick else 2**30
    big = torch.empty(size, device=device.device, dtype=torch.uint8)
    host = torch.empty(size, dtype=torch.uint8)
    found = {"memory_gb_s": 2 * size / device.seconds(lambda: big.clone()) / 1e9,
             "pageable_gb_s": size / device.seconds(lambda: big.copy_(host), 3) / 1e9}
    if device.cuda:
        pinned = host.pin_memory()
        found["pinned_gb_s"] = size / device.seconds(lambda: big.copy_(pinned, non_blocking=True), 3) / 1e9
    return found


def launches(device):
    small = torch.ones(16, device=device.device)

    def thousand():
        for _ in range(1000):
            small.add_(1)

    return {"launch_us": device.seconds(thousand) * 1e3}


def attention_calls(device):
    """Against float32 on the CPU. The first call of each shape is timed: cuDNN builds a plan for it."""
    worst, first_calls = 0.0, []
    for rows, keys in CALLS:
        queries = torch.randn(rows, 8, 4, 128, dtype=HALF).permute(1, 2, 0, 3)
        own = [torch.randn(keys, 8, 128, dtype=HALF).transpose(0, 1).unsqueeze(1) for _ in "kv"]
        k, v = (x.expand(8, 4, keys, 128) for x in own)
        mask = None if rows == keys else torch.ones(rows, keys, dtype=torch.bool).tril_(keys - rows)
        expected = attend(queries.float(), k.float(), v.float(), mask, is_causal=rows == keys)
        there = queries.to(device.device)
        k, v = (x.to(device.device).expand(8, 4, keys, 128) for x in own)
        mask = None if mask is None else mask.to(device.device)
        begin = time.perf_counter()
        made = attend(there, k, v, mask, is_causal=rows == keys).cpu()
        first_calls.append((time.perf_counter() - begin) * 1e3)
        worst = max(worst, (made.float() - expected).abs().max().item())
    return {"attention_error": worst, "attention_first_call_ms": sorted(first_calls)[len(first_calls) // 2]}


def vision_attention(device):
    """Of an image of four tiles, by the kernel that libtorch chooses and by each that there is."""
    rows = 64 if device.quick else 6404
    states = device.random(1, 16, rows, 80)

    def tflops():
        return 4 * 16 * rows**2 * 80 / device.seconds(lambda: attend(states, states, states)) / 1e12

    found = {"vision_attention_chosen_tflops": tflops()}
    if not device.cuda:
        return found
    from torch.nn.attention import SDPBackend, sdpa_kernel

    for backend in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION):
        name = backend.name.split("_")[0].lower()
        with sdpa_kernel(backend):
            found[f"vision_attention_{name}_tflops"] = tflops()
    return found


def measured(name):
    """All of it on the device `name`, which PyTorch knows, by the name of the figure."""
    device = Device(name)
    with torch.inference_mode():
        found = {}
        for part in (products, memory, launches, attention_calls, vision_attention):
            found |= part(device)
    return {name: float(f"{value:.4g}") for name, value in found.items()}
