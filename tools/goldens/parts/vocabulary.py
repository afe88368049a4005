"""The four tokenizers: one byte-level BPE of Llama 3's shape, with few merges, and each model's special tokens."""

from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from parts.sentences import QUESTIONS, SENTENCES

ROOT = Path(__file__).resolve().parents[3]
WORDS, SPECIAL = 736, 32  # bytes and merges; special tokens
SIZE = WORDS + SPECIAL  # as many rows as lm_head has
BOS, EOS, PAD_RIGHT, EOM, EOT = WORDS, WORDS + 1, WORDS + 4, WORDS + 8, WORDS + 9
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def special_tokens(vision):
    """In the order of their ids. The vision model has <|step_id|> where the text models have a reserved token."""
    first = [
        "begin_of_text",
        "end_of_text",
        "reserved_special_token_0",
        "reserved_special_token_1",
        "finetune_right_pad_id",
        "step_id" if vision else "reserved_special_token_2",
        "start_header_id",
        "end_header_id",
        "eom_id",
        "eot_id",
        "python_tag",
    ]
    reserved = (f"reserved_special_token_{number}" for number in range(2 if vision else 3, SPECIAL))
    return [f"<|{name}|>" for name in [*first, *reserved][:SPECIAL]]


def trained():
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    text = (ROOT / "LICENSE").read_text().splitlines(keepends=True) + (SENTENCES + QUESTIONS) * 4
    tokenizer.train_from_iterator(text, trainer)
    assert tokenizer.get_vocab_size() == WORDS
    return tokenizer


def tokenizer(vision=False, extra=()):
    """The trained vocabulary with special tokens, of which `extra` come last."""
    made = trained()
    names = [*special_tokens(vision), *extra]
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    made.decoder = decoders.ByteLevel()
    bos = names[0]
    template = processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, BOS)]
    )
    made.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return made
