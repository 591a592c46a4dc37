"""A LLaVA-OneVision folder with random weights, for tests: real architecture, real processor, real tokenizer, made in seconds.

    python tests/support/tiny_model.py FOLDER

Its answers are noise that depends on the pictures; the same pictures give the same noise in every engine.
"""

import sys
from pathlib import Path

SIDE, PATCH = 56, 14
SPECIAL = ["<unk>", "<|im_start|>", "<|im_end|>", "<pad>", "<image>", "<video>"]
WORDS = [
    first + second
    for first in ("ba", "do", "fi", "gu", "ke", "la", "mo", "ni")
    for second in ("ra", "te", "si", "lo", "pu", "na")
]
JSON = [
    *"{}[]:,123456789", "true", "false",
    *(f'"{name}"' for name in ("seen", "many", "title", "sentences", "text", "captions")),
]  # fmt: skip
"""enough to write JSON with: a schema's names stand in their quotes, since there is a blank between any two words;
there is no quote alone, behind which a name could not go on"""
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% elif part['type'] == 'video' %}<video>"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make(folder: Path, *, architecture: str = "LlavaOnevisionForConditionalGeneration", spread: float = 0.12) -> Path:
    """Write configuration, processor, tokenizer and weights; ``spread``: standard deviation of the weights."""
    import torch
    from safetensors.torch import save_file
    from transformers import LlavaOnevisionForConditionalGeneration

    processor(folder)
    config = configuration()
    torch.manual_seed(0)
    model = LlavaOnevisionForConditionalGeneration(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.normal_(0.0, spread)
        model.lm_head.weight[: len(SPECIAL)] = 0  # it talks until it is stopped
    config.architectures = [architecture]
    config.save_pretrained(folder)
    model.generation_config.eos_token_id = SPECIAL.index("<|im_end|>")
    model.generation_config.pad_token_id = SPECIAL.index("<pad>")
    model.generation_config.save_pretrained(folder)
    save_file(
        {vllm_name(name): tensor.contiguous() for name, tensor in model.state_dict().items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    return folder


def vllm_name(name: str) -> str:
    """The name that a published checkpoint has for a weight, which both vLLM and transformers read."""
    name = name.replace("model.vision_tower.", "vision_tower.vision_model.").replace(
        "vision_model.vision_model.", "vision_model."
    )
    name = name.replace("model.language_model.", "language_model.model.").replace(
        "model.multi_modal_projector.", "multi_modal_projector."
    )
    return name.replace("model.image_newline", "image_newline").replace("lm_head.", "language_model.lm_head.")


def configuration():  # type: ignore[no-untyped-def]
    """A model of about half a million weights; heads of 32, the least that vLLM's attention on the CPU takes."""
    from transformers import LlavaOnevisionConfig, Qwen2Config, SiglipVisionConfig

    return LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(
            hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
            image_size=SIDE, patch_size=PATCH, vision_use_head=False,
        ),
        text_config=Qwen2Config(
            vocab_size=len(SPECIAL) + len(WORDS) + len(JSON), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, tie_word_embeddings=False, max_position_embeddings=2048, rope_theta=1e6, bos_token_id=1, eos_token_id=2,
        ),
        image_token_index=4, video_token_index=5, vision_feature_select_strategy="full", vision_feature_layer=-1,
        vision_aspect_ratio="anyres_max_9", image_grid_pinpoints=[[SIDE, SIDE]], tie_word_embeddings=False, dtype="float32",
    )  # fmt: skip


def processor(folder: Path) -> None:
    """Tokenizer (whole words, so that noise is text too), picture and video processors, chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        LlavaOnevisionImageProcessor,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
        PreTrainedTokenizerFast,
    )

    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS, *JSON])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.add_special_tokens(SPECIAL)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<pad>"
    )
    square = {"height": SIDE, "width": SIDE}
    LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(size=square, image_grid_pinpoints=[[SIDE, SIDE]]),
        video_processor=LlavaOnevisionVideoProcessor(size=square),
        tokenizer=tokenizer,
        num_image_tokens=(SIDE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
    ).save_pretrained(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
