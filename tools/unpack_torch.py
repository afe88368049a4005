"""Unpacks of a torch wheel what vlrm compiles and links against: python unpack_torch.py WHEEL FOLDER."""

import sys
import zipfile


def is_needed(name):
    return (name.startswith("torch/include/") or name in ("torch/__init__.py", "torch/version.py")
            or name in ("torch/lib/libc10.so", "torch/lib/libtorch_cpu.so"))


def main():
    wheel, folder = sys.argv[1:]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, filter(is_needed, archive.namelist()))


if __name__ == "__main__":
    main()
