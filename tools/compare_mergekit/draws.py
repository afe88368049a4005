"""vlrm's random draws (src/merge/masks.h), so that mergekit can be given the same."""

import numpy as np
import xxhash

LANES = 64
ROTATIONS = [(10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20)]


def rotated(x, by):
    return (x << np.uint32(by)) | (x >> np.uint32(32 - by))


def draws(seed, model, tensor, count, sequence=0):
    """Threefry4x32-20, a draw of 32 bits for each element."""
    hashed = xxhash.xxh64_intdigest(tensor.encode(), seed)
    key = [np.uint32(hashed & 0xFFFFFFFF), np.uint32(hashed >> 32), np.uint32(model), np.uint32(sequence)]
    keys = key + [np.uint32(0x1BD11BDA) ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    groups = -(-count // (4 * LANES))
    counters = np.arange(groups * LANES, dtype=np.uint32)
    with np.errstate(over="ignore"):
        x = [counters + keys[0]] + [np.full_like(counters, keys[i]) for i in (1, 2, 3)]
        for step in range(20):
            a, b = (1, 3) if step % 2 == 0 else (3, 1)
            x[0] = x[0] + x[a]
            x[a] = rotated(x[a], ROTATIONS[step % 8][0]) ^ x[0]
            x[2] = x[2] + x[b]
            x[b] = rotated(x[b], ROTATIONS[step % 8][1]) ^ x[2]
            if step % 4 == 3:
                injection = step // 4 + 1
                for i in range(4):
                    x[i] = x[i] + keys[(injection + i) % 5]
                x[3] = x[3] + np.uint32(injection)
    words = np.stack([part.reshape(groups, LANES) for part in x], axis=1)
    return words.reshape(-1)[:count]


def halves(seed, model, tensor, count, sequence):
    """16 bits for each element."""
    words = draws(seed, model, tensor, -(-count // 512) * 256, sequence).reshape(-1, 256)
    return np.stack([words & 0xFFFF, words >> 16], axis=1).reshape(-1)[:count].astype(np.uint64)


def mask(seed, model, tensor, count, density):
    """Which elements a density keeps: 16 bits each, and 16 more of a second sequence where these do not decide."""
    limit = min(max(round(float(density) * 2**32), 1), 2**32)
    first, second = (halves(seed, model, tensor, count, sequence) for sequence in (0, 1))
    return (first << np.uint64(16) | second) < np.uint64(limit)


def mask_of_each(seed, model, tensor, probabilities):
    """The same where each element has its own probability, of which 31 bits count."""
    limits = (np.minimum(probabilities, np.float32(1 - 2**-24)) * np.float32(2**31)).astype(np.uint64)
    first, second = (halves(seed, model, tensor, len(limits), sequence) for sequence in (0, 1))
    return (first << np.uint64(15) | second >> np.uint64(1)) < limits
