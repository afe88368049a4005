#!/usr/bin/env python3
"""Does this CUDA build of torch have a CUDA kernel for every operation that vlrm uses on a device? Needs no GPU.

    has_cuda_kernels.py [aten::mm.out …]     default: tests/fake_device/operations.txt
"""

import sys

import device_programs
import torch

if torch.version.cuda is None:
    sys.exit(f"torch {torch.__version__} is not a CUDA build: install one beside it, in an environment of its own")
# Attention is chosen by libtorch among its own kernels, and copies are composed of several.
names = [name for name in sys.argv[1:] or device_programs.operations()
         if not name.startswith("attention ") and name != "aten::copy_"]
missing = [name for name in names if not torch._C._dispatch_has_kernel_for_dispatch_key(name, "CUDA")]
print(f"torch {torch.__version__}: {len(names)} operations, without a CUDA kernel: {', '.join(missing) or 'none'}")
sys.exit(bool(missing))
