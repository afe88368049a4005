"""A reward model that stays loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from . import _core, messages
from ._calls import Progress, listening
from ._options import MERGE_FIELDS, Name, filled, model_name, model_options, naming
from .errors import Error, OptionError
from .messages import Message, Prompt
from .normalization import Normalization
from .ranking import Ranking

# The most samples, and the most bytes of images, that one call of the core gets.
_SAMPLES, _BYTES = 1024, 64 << 20


@dataclass(frozen=True)
class GeneratedText:
    """What a model wrote. `ended`: by a token that ends a text, not by `max_new_tokens`. `log_probabilities` has one
    number (natural logarithm) for each of `tokens`, which count the one that ended it."""

    text: str
    seed: int
    ended: bool
    tokens: list[int] = field(repr=False)
    log_probabilities: list[float] = field(repr=False)


class RewardModel(Ranking):
    """A vision-language reward model, or a text one, loaded once for any number of calls.

    name_or_path: a directory, a hub id, or MODEL+ADAPTER.
    device: "auto", "cpu", "cuda" or "cuda:N"; dtype: of the weights, a name or torch's (None: as stored; on a device, as
      the family has it); weights: "auto", "resident" or "streamed" (one layer at a time).
    threads: of the model's arithmetic, for the length of each call; None: torch.get_num_threads(), and nothing changes.
    normalize: of rewards: {"mean", "scale", "clip"}, a result folder whose scores say them, or a Normalization.
    The others are the fields of the same name in docs/library.md: likelihood (score by log-probabilities),
    special_tokens ("parse", "escape" or "refuse"), max_length and truncation (in tokens), min_pixels and max_pixels (the
    area of resized images), score_label, response_prefix, chat_template, date, rope_theta, exif, batch_invariant.

    Scores are unnormalised logits of the reward head, a float for each response, unless `normalize` says otherwise. On a
    CPU they are those of the command line to the bit at the same number of threads, whatever is scored together.

    Calls from several threads are safe: one works, without the GIL, and the others wait. After a fork, load it again.
    """

    def __init__(self, name_or_path: Name, *, device: str = "auto", dtype: Any = None, weights: str = "auto",
                 threads: int | None = None, normalize: Any = None, likelihood: bool = False,
                 special_tokens: str = "parse", max_length: int | None = None, truncation: str | None = None,
                 min_pixels: int | None = None, max_pixels: int | None = None, score_label: str | None = None,
                 response_prefix: str = "", chat_template: Name | None = None, date: str | None = None,
                 rope_theta: float | None = None, exif: bool = True, batch_invariant: bool = False,
                 progress: Progress = None) -> None:
        self._load(
            {"model": model_name(name_or_path)},
            dict(device=device, dtype=dtype, weights=weights, threads=threads, likelihood=likelihood,
                 special_tokens=special_tokens, max_length=max_length, truncation=truncation, min_pixels=min_pixels,
                 max_pixels=max_pixels, score_label=score_label, response_prefix=response_prefix,
                 chat_template=chat_template, date=date, rope_theta=rope_theta, exif=exif,
                 batch_invariant=batch_invariant),
            normalize, progress)

    @classmethod
    def merge(cls, *, vlm: Name, rm: Name, base: Name | None = None, recipe: Name | None = None,
              method: str | None = None, weight: float | None = None, weight_vlm: float | None = None,
              weight_rm: float | None = None, density: float | None = None, normalize_weights: bool | None = None,
              rescale: bool | None = None, seed: int | None = None, normalize: Any = None, progress: Progress = None,
              **options: Any) -> RewardModel:
        """A VLM and a text reward model, merged while they are loaded; nothing is written. By a recipe (a file in
        mergekit's YAML), or by a method (linear, task_arithmetic, ties, …) with its numbers, as vlrm.build takes them.
        `options` are those of RewardModel."""
        if recipe is None and method is None:
            raise OptionError("method: name one, or a recipe", "method")
        model = cls.__new__(cls)
        model._load(
            dict(vlm=vlm, rm=rm, base=base, recipe=recipe, method=method, weight=weight, weight_vlm=weight_vlm,
                 weight_rm=weight_rm, density=density, normalize_weights=normalize_weights, rescale=rescale,
                 seed=seed),
            options, normalize, progress)
        return model

    def _load(self, names: dict[str, Any], options: dict[str, Any], normalize: Any, progress: Progress) -> None:
        self._model: _core.RewardModel | None = None
        self.normalization = Normalization.of(normalize)
        with naming(name_or_path="model", **MERGE_FIELDS), listening(progress) as call:
            how = model_options(**names, **options)
            self._model = _core.RewardModel(how, call)
        self._names, self._likelihood = _given(names), how.likelihood

    @property
    def settings(self) -> dict[str, Any]:
        """What scores depend on, to be kept beside them, as JSON has it and the command line keeps it (run.json): the models
        with stamps of their files, how they are merged, with the recipe's digest and the seed, the options, device,
        dtype and threads; and the normalisation of rewards ("normalize"). Asked for the first time, it reads the
        models' files."""
        with listening() as call:
            kept = json.loads(self._core_model.settings(call))
        normalize = self.normalization.settings() if self.normalization and not self._likelihood else None
        return {"vlrm": _core.version, **kept, "normalize": normalize}

    @property
    def sees(self) -> bool:
        """Whether the model takes images."""
        return self._core_model.sees

    @property
    def rewards(self) -> bool:
        """Whether it has a reward head; without one it gives likelihoods, and writes."""
        return self._core_model.rewards

    def close(self) -> None:
        """Gives the memory back."""
        self._model = None

    def __enter__(self) -> RewardModel:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._model is None:
            return "RewardModel(closed)"
        shown = {**self._names, "device": self._model.device, "dtype": self._model.dtype}
        return f"RewardModel({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def score(self, prompt: Prompt, responses: Iterable[str], images: Any = None, mode: str | None = None,
              special_tokens: str | None = None) -> list[float]:
        """One reward for each response to a prompt: a text, or messages up to the response.

        images: one image or a list, shown before the prompt's text, or where the messages have image parts. An image is
        a path, the bytes of a JPEG, PNG or WebP file, a PIL image, a numpy array of uint8 (height × width × channels, or
        height × width), a data: URL, or {"bytes", "path"}.
        mode: "image", "no-image" (the same model without the images) or "text-only" (a text reward model); None: the
        first, or the last for a text model.
        special_tokens: None: as the model was loaded."""
        return self._score_one(messages.conversation(prompt, responses, images), mode, special_tokens=special_tokens)

    def likelihood(self, prompt: Prompt, responses: Iterable[str], images: Any = None,
                   mode: str | None = None) -> list[float]:
        """The log-probability (natural logarithm) of each response, summed over its tokens; otherwise as score(). Never
        normalised."""
        return self._score_one(messages.conversation(prompt, responses, images), mode, likelihood=True)

    def score_conversations(self, conversations: Iterable[Sequence[Message]], images: Iterable[Any] | None = None,
                            mode: str | None = None, progress: Progress = None, **how: Any) -> list[float]:
        """One reward for each conversation, of which the last message is the assistant's: the response that is scored.
        Contents are texts or lists of parts, as OpenAI's API or transformers have them. `images` has an image or a list of
        images for each conversation whose parts do not hold them. Conversations one after another that differ only in
        the response cost little more than one."""
        rows, shown = messages.as_rows(conversations, images)
        scores = self._score_all(_grouped(rows, shown), None, mode, progress, **how)
        return [score for each in scores for score in each]

    def score_batch(self, samples: Iterable[Mapping[str, Any]], mode: str | None = None, batch_samples: int = 8,
                    progress: Progress = None) -> list[list[float]]:
        """The rewards of many samples: {"prompt" or "messages", "images" or "image", "responses", or "chosen" and
        "rejected"}, as in the files of `vlrm score --input`; other fields are passed over. `batch_samples` are computed together; progress: True for tqdm's bar, or a callable that gets
        how many samples are finished and how many there are."""
        count = len(samples) if isinstance(samples, Sized) else None
        conversations = (messages.of_sample(sample, f"sample {number}") for number, sample in enumerate(samples, 1))
        return self._score_all(conversations, count, mode, progress, batch_samples=batch_samples)

    @naming(n="texts")
    def generate(self, prompt: Prompt, images: Any = None, *, n: int = 1, max_new_tokens: int = 512,
                 temperature: float = 0.0, top_k: int = 0, top_p: float = 1.0, repetition_penalty: float = 1.0,
                 seed: int = 0, on_text: Callable[[int, str], Any] | None = None) -> list[GeneratedText]:
        """`n` answers to a prompt, the first by `seed`, the next by the seeds after it. temperature 0: always the most
        likely token. `on_text` is called after each token with the number of the text and the text so far. Without
        images, none are shown."""
        sampling = filled(_core.SamplingOptions(), temperature=temperature, top_k=top_k, top_p=top_p,
                          repetition_penalty=repetition_penalty)
        how = filled(_core.GenerateCall(), sampling=sampling, seed=seed, texts=n, max_new_tokens=max_new_tokens)
        conversation = messages.conversation(prompt, None, images, "the prompt")
        with listening() as call:
            texts = self._core_model.generate(conversation, how, on_text, call)
        return [GeneratedText(text.text, text.seed, text.ended, text.tokens, text.log_probabilities) for text in texts]

    @property
    def _core_model(self) -> _core.RewardModel:
        if self._model is None:
            raise Error("the model is closed")
        return self._model

    def _score_one(self, conversation: _core.Conversation, mode: str | None, **how: Any) -> list[float]:
        return self._score_all([conversation], 1, mode, None, **how)[0]

    def _score_all(self, conversations: Iterable[_core.Conversation], count: int | None, mode: str | None,
                   progress: Progress, **how: Any) -> list[list[float]]:
        call_options = filled(_core.ScoreCall(), mode=mode, **how)
        normalization = None if call_options.likelihood or self._likelihood else self.normalization
        scores: list[list[float]] = []
        with listening(progress, before=lambda: len(scores), count=count) as call:
            for chunk in _chunks(conversations):
                scores += [list(each.scores) for each in self._core_model.score(chunk, call_options, call)]
        if normalization is None:
            return scores
        return [[normalization(score) for score in each] for each in scores]


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Paths as texts."""
    return {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in values.items()
            if value is not None}


def _grouped(rows: list[Sequence[Message]], images: list[Any]) -> Iterable[_core.Conversation]:
    """Conversations one after another that differ only in the last message, as one with several responses."""
    last, responses = None, []
    for number, (row, image) in enumerate(zip(rows, images), 1):
        where = f"conversation {number}"
        before, response = messages.split(row, where)
        conversation = messages.conversation(before, [response], image, where)
        if last is not None and last.same_prompt(conversation):
            responses.append(response)
            last.source = f"conversations {number - len(responses) + 1} to {number}"
            continue
        if last is not None:
            last.responses = responses
            yield last
        last, responses = conversation, [response]
    if last is not None:
        last.responses = responses
        yield last


def _chunks(conversations: Iterable[_core.Conversation]) -> Iterable[list[_core.Conversation]]:
    chunk: list[_core.Conversation] = []
    size = 0
    for conversation in conversations:
        chunk.append(conversation)
        size += conversation.image_bytes
        if len(chunk) >= _SAMPLES or size >= _BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
