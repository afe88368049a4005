"""Reading the tensors of a model's directory."""

from safetensors.torch import load_file

from parts.place import sha256_of


def tensors_of(folder):
    tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(file)
    return dict(sorted(tensors.items()))


def described(tensors):
    return {
        name: {"dtype": str(tensor.dtype), "sha256": sha256_of(tensor), "shape": list(tensor.shape)}
        for name, tensor in tensors.items()
    }
