"""The parts of a set of reference outputs, in the order in which they need each other: one line per part."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    name: str  # also of its module, parts/NAME.py, whose function make(place) makes it
    environment: str  # environments/NAME.txt
    makes: str
    checkouts: tuple = ()


PARTS = [
    Part("models", "transformers", "models/: base, base_instruct, vlm and rm, random, with tokenizers and templates"),
    Part("images", "transformers", "reference/images/, images.json, pixel_values.safetensors"),
    Part("forward", "transformers", "reference/forward.safetensors, forward.json: states and logits of the VLM"),
    Part("extract", "reference", "reference/extract.json: the text parts", ("reference",)),
    Part("merges", "mergekit", "reference/configs/, merges.json, merged/, merged_tokenizer/", ("mergekit",)),
    Part("vlrm", "reference", "reference/vlseq.json, vlrm_ties/: merged text models back in the VLM", ("reference",)),
    Part("text", "transformers", "reference/tokenization.json, chat_templates.json"),
    Part("scores", "reference", "reference/scores.json: rewards of the text RM and of the VLRMs", ("reference",)),
    Part("text_models_4", "transformers-4.57", "reference/text_models_4.json: Llama, Mistral, Qwen2, Qwen3"),
    Part("text_models_5", "transformers-5", "reference/text_models_5.json: the same"),
    Part("vision_models_4", "transformers-4.57", "reference/vision_models_4.json: vision-language models"),
    Part("vision_models_5", "transformers-5", "reference/vision_models_5.json: the same, and its image processors"),
    Part("loaded_models_4", "transformers-4.57", "reference/loaded_models_4.json: what vlrm build writes, loaded"),
    Part("loaded_models_5", "transformers-5", "reference/loaded_models_5.json: the same"),
    Part("datasets", "reference", "eval/data/, eval/responses/, seed/", ("lmms-eval",)),
    Part(
        "benchmark_figures",
        "reference",
        "reference/benchmark_figures.json: figures of four benchmarks by their own code, with small datasets",
        ("multimodal-rewardbench", "mm-rlhf", "reward-bench", "r1-reward", "vl-rewardbench", "vl-rewardbench-2024"),
    ),
    Part("results", "reference", "eval/results/, eval/summaries.json, seed/printed.json", ("reference",)),
]
