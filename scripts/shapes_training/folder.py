"""The model's folder: sizes, tokenizer, processor, chat template, and weights under the names that vLLM reads."""

import itertools
import shutil
from pathlib import Path
from typing import Any

from scripts.shapes_world import words
from scripts.shapes_world.colours import COLOURS
from scripts.shapes_world.world import MOTIONS, SHAPES

SIDE, PATCH, FRAMES = 196, 14, 8
GRID = SIDE // PATCH
SPECIAL = ("<unk>", "<|im_start|>", "<|im_end|>", "<pad>", "<image>", "<video>")
START, END, PAD, IMAGE, VIDEO = 1, 2, 3, 4, 5
VOCABULARY = 576
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% elif part['type'] == 'video' %}<video>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer() -> Any:
    """A byte-level tokenizer that knows the world's words whole and can spell anything else."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE(unk_token=SPECIAL[0]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(_texts(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        unk_token=SPECIAL[0],
        bos_token=SPECIAL[START],
        eos_token=SPECIAL[END],
        pad_token=SPECIAL[PAD],
        additional_special_tokens=[SPECIAL[IMAGE], SPECIAL[VIDEO]],
    )


def _texts() -> list[str]:
    """Everything that is asked and said, so that its words become tokens."""
    texts = ["user", "assistant", words.NOTHING, *words.PROMPTS, *words.STILL_PROMPTS]
    for phrase in itertools.chain(*words.QUESTIONS.values()):
        texts += [phrase.format(a=a, shape=shape, colour=c) for shape, c, a in itertools.product(SHAPES, COLOURS, ("a", "an"))]
    for colour, shape, motion in itertools.product(COLOURS, SHAPES, MOTIONS):
        texts += [f"A {colour} {shape} {motion}, a {colour} {shape} and an {colour} {shape} {motion}.", f"An {colour} {shape}."]
        texts += [f"{word.capitalize()}." for word in (colour, shape, *motion.split(), "it", "yes", "no", *words.NUMBERS)]
    return [*texts, *(text.lower() for text in texts)]


def config(*, small: bool = False) -> Any:
    """The architecture: 6.6 million weights, or a toy for smoke runs. Heads of 64, which every attention of vLLM takes."""
    from transformers import LlavaOnevisionConfig, Qwen2Config, SiglipVisionConfig

    vision, text = ((64, 128, 2, 1), (64, 128, 2, 1, 1)) if small else ((192, 768, 6, 3), (256, 704, 5, 4, 2))
    return LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(
            hidden_size=vision[0],
            intermediate_size=vision[1],
            num_hidden_layers=vision[2],
            num_attention_heads=vision[3],
            image_size=SIDE,
            patch_size=PATCH,
            vision_use_head=False,
        ),
        text_config=Qwen2Config(
            vocab_size=VOCABULARY,
            hidden_size=text[0],
            intermediate_size=text[1],
            num_hidden_layers=text[2],
            num_attention_heads=text[3],
            num_key_value_heads=text[4],
            tie_word_embeddings=True,
            max_position_embeddings=2048,
            rope_theta=1e4,
            bos_token_id=START,
            eos_token_id=END,
            pad_token_id=PAD,
        ),
        image_token_index=IMAGE,
        video_token_index=VIDEO,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        vision_aspect_ratio="anyres_max_9",
        image_grid_pinpoints=[[SIDE, SIDE]],
        tie_word_embeddings=True,
        architectures=["LlavaOnevisionForConditionalGeneration"],
        dtype="bfloat16",
    )


def save(model: Any, folder: Path) -> None:
    """Write the whole folder; the weights in bfloat16, whole or not at all."""
    import torch
    from safetensors.torch import save_file
    from transformers import (
        GenerationConfig,
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    GenerationConfig(bos_token_id=START, eos_token_id=END, pad_token_id=PAD, do_sample=False).save_pretrained(folder)
    # From bytes to -1..1, and no other size than the pipeline's own.
    pictures = {"size": {"height": SIDE, "width": SIDE}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(**pictures, image_grid_pinpoints=[[SIDE, SIDE]]),
        video_processor=LlavaOnevisionVideoProcessor(**pictures),
        tokenizer=tokenizer(),
        num_image_tokens=GRID * GRID,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
    ).save_pretrained(folder)
    weights = {
        published_name(name): weight.detach().to("cpu", torch.bfloat16).contiguous()
        for name, weight in model.state_dict().items()
        if name != "lm_head.weight"  # it is the embedding's
    }
    temporary = folder / "model.safetensors.part"
    save_file(weights, temporary, {"format": "pt"})
    temporary.chmod(0o644)
    shutil.move(temporary, folder / "model.safetensors")


def load(model: Any, folder: Path) -> None:
    """Read the weights of a folder into a model of the same sizes; all of them must be there."""
    from safetensors.torch import load_file

    stored = load_file(folder / "model.safetensors")
    state = {name: stored[published_name(name)].float() for name in model.state_dict() if name != "lm_head.weight"}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if set(missing) - {"lm_head.weight"} or unexpected or len(state) != len(stored):
        raise ValueError(f"{folder} holds another model: {missing}, {unexpected}")


def published_name(name: str) -> str:
    """The name that published checkpoints have for a weight: both vLLM and transformers read it."""
    for ours, theirs in (
        ("model.vision_tower.vision_model.", "vision_tower.vision_model."),
        ("model.vision_tower.", "vision_tower.vision_model."),
        ("model.language_model.", "language_model.model."),
        ("model.multi_modal_projector.", "multi_modal_projector."),
        ("model.image_newline", "image_newline"),
    ):
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name
