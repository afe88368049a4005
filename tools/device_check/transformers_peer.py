"""How long transformers takes for what vlrm does with Llama-3.2-11B-Vision on the same GPU, with random weights."""

import time


def response_milliseconds():
    """The median of one forward of one response about an image of four tiles, as the reference scores."""
    import torch
    from transformers import MllamaConfig, MllamaForConditionalGeneration

    torch.set_default_device("cuda")
    torch.set_default_dtype(torch.bfloat16)
    model = MllamaForConditionalGeneration(MllamaConfig()).eval()  # the defaults are the 11B's shapes
    rows = 64 + 185
    ids = torch.full((1, rows), 1000)
    ids[0, 5] = model.config.image_token_index
    inputs = dict(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=torch.randn(1, 1, 4, 3, 560, 560),
                  aspect_ratio_ids=torch.tensor([[6]]), aspect_ratio_mask=torch.ones(1, 1, 4, dtype=torch.long),
                  cross_attention_mask=torch.ones(1, rows, 1, 4, dtype=torch.long))
    times = []
    with torch.inference_mode():
        for _ in range(5):
            torch.cuda.synchronize()
            begin = time.perf_counter()
            model(**inputs)
            torch.cuda.synchronize()
            times.append((time.perf_counter() - begin) * 1e3)
    return sorted(times)[2]
