"""The model while it learns: transformers' LLaVA-OneVision, run part by part, with helpers that are thrown away at the end.

Two helpers make it learn from nothing within minutes, since the renderer knows what lies under each patch:

    pixels -> vision tower -> [patch head: anything? which shape? which colour?]
           -> projector, pooling -> language model, lower layers -> [cell head: shape, colour, motion, place in the order]
                                 -> upper layers -> the words
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scripts.shapes_training.feed import SPACES, TEXT, THING, encode
from scripts.shapes_training.folder import FRAMES, GRID, START
from scripts.shapes_world.colours import COLOURS
from scripts.shapes_world.world import MOTIONS, SHAPES

BEFORE = 3  # tokens before the pictures: <|im_start|>, user, newline
VIDEO = FRAMES * (GRID // 2) ** 2 + 1
IMAGE = GRID * GRID + GRID * (GRID + 1)
"""Visual tokens of a window, and of a picture (the whole one, then the same as a tile with line ends)."""
SHOWN = BEFORE + max(VIDEO, IMAGE) + 1


class Learner(nn.Module):
    """The model and its helpers."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        vision, text = model.config.vision_config.hidden_size, model.config.text_config.hidden_size
        self.patch_head = nn.Sequential(nn.LayerNorm(vision), nn.Linear(vision, 1 + len(SHAPES) + len(COLOURS)))
        self.cell_head = nn.Sequential(nn.LayerNorm(text), nn.Linear(text, len(SHAPES) + len(COLOURS) + len(MOTIONS) + 3))
        self.half = max(1, model.config.text_config.num_hidden_layers - 2)
        self.see_compiled = self.see
        self.read_compiled = self.read
        self.register_buffer("opening", torch.tensor([[START, *encode("user\n")]]), persistent=False)
        self.register_buffer("closing", torch.tensor([encode("\n")]), persistent=False)
        for name, video in (("video", True), ("image", False)):
            mask, positions = _layout(video)
            self.register_buffer(f"{name}_mask", mask, persistent=False)
            self.register_buffer(f"{name}_positions", positions, persistent=False)

    def compile_parts(self) -> None:
        """Fuse the two heavy parts; what they compute stays the same."""
        self.see_compiled = torch.compile(self.see)
        self.read_compiled = torch.compile(self.read)

    def see(self, pixels: Tensor) -> Tensor:
        """Pictures as bytes, n x 3 x side x side, to patch features, n x patches x width."""
        tower = self.model.model.vision_tower
        tower = getattr(tower, "vision_model", tower)
        hidden = tower.embeddings(pixels / 127.5 - 1)
        for layer in tower.encoder.layers:
            hidden = layer(hidden, None)
        return hidden

    def read(self, embeds: Tensor, mask: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings to the state after the lower layers and the last, normed."""
        lm = self.model.model.language_model
        hidden, middle = embeds, embeds
        for number, layer in enumerate(lm.layers):
            hidden = layer(hidden, attention_mask=mask, position_embeddings=(cos, sin))
            if number + 1 == self.half:
                middle = hidden
        return middle, lm.norm(hidden)

    def visual(self, patches: Tensor, count: int, *, video: bool) -> Tensor:
        """Patch features of all frames to the visual tokens of `count` windows or pictures."""
        inner = self.model.model
        features = inner.multi_modal_projector(patches)
        newline = inner.image_newline
        if video:
            grid = features.view(-1, GRID // 2, 2, GRID // 2, 2, features.shape[-1])
            # Bilinear halving of an even grid is the mean of each 2x2.
            tokens = grid.mean((2, 4)).reshape(count, VIDEO - 1, -1)
            return torch.cat((tokens, newline.to(tokens.dtype).expand(count, 1, -1)), 1)
        tile = features.view(count, GRID, GRID, -1)
        lines = torch.cat((tile, newline.to(tile.dtype).expand(count, GRID, 1, -1)), 2)
        return torch.cat((features.view(count, GRID * GRID, -1), lines.flatten(1, 2)), 1)

    def look(self, pixels: Tensor, *, video: bool, fast: bool = True) -> tuple[Tensor, Tensor]:
        """n x f x 3 x side x side bytes to patch features and visual tokens."""
        flat = pixels.flatten(0, 1)
        patches = self.see_compiled(flat) if video and fast else self.see(flat)
        return patches, self.visual(patches, len(pixels), video=video)

    def speak(self, seen: Tensor, tokens: Tensor, *, video: bool, fast: bool = True) -> tuple[Tensor, Tensor]:
        """Visual tokens and n x TEXT tokens to the middle and last states of the whole sequence."""
        count = len(seen)
        embed = self.model.model.language_model.embed_tokens
        before = embed(self.opening).expand(count, -1, -1)
        after = embed(self.closing).expand(count, -1, -1)
        parts = [before.to(seen.dtype), seen, after.to(seen.dtype)]
        fill = SHOWN - BEFORE - 1 - seen.shape[1]
        if fill:
            parts.append(seen.new_zeros(count, fill, seen.shape[2]))
        embeds = torch.cat([*parts, embed(tokens).to(seen.dtype)], 1)
        mask = self.video_mask if video else self.image_mask
        positions = self.video_positions if video else self.image_positions
        cos, sin = self.model.model.language_model.rotary_emb(embeds, positions)
        return self.read_compiled(embeds, mask, cos, sin) if fast else self.read(embeds, mask, cos, sin)

    def losses(
        self, pixels: Tensor, tokens: Tensor, targets: Tensor, numbers: Tensor, share: Tensor, *, video: bool
    ) -> dict[str, Tensor]:
        """Losses of the words, of the patches and of the cells."""
        patches, seen = self.look(pixels, video=video)
        middle, last = self.speak(seen, tokens, video=video)
        text = last[:, SHOWN - 1 : -1]
        # The first word of each space is never a target, so shifting by one within the whole row is right.
        logits = F.linear(text, self.model.model.language_model.embed_tokens.weight).float()
        words = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
        found = {"words": words, "patches": self._patch_loss(patches, numbers, share)}
        if video:
            found["cells"] = self._cell_loss(middle, numbers, share)
        with torch.no_grad():
            right = (logits.argmax(-1) == targets) | (targets < 0)
            at = 0
            shares = []
            for space in SPACES:
                shares.append(right[:, at : at + space].all(1).float().mean())
                at += space
            found["caption"], found["question"] = shares[0], torch.stack(shares[1:]).mean()
        return found

    def _patch_loss(self, patches: Tensor, numbers: Tensor, share: Tensor) -> Tensor:
        out = self.patch_head(patches.float())
        n, frames = share.shape[:2]
        best, which = share.flatten(3).max(2)  # n x f x patches
        out = out.view(n, frames, best.shape[2], -1)
        there = F.binary_cross_entropy_with_logits(out[..., 0], best, reduction="none").mean()
        return there + _kinds(out[..., 1:], numbers, which, (best > 0.12).float(), (1, 2))

    def _cell_loss(self, middle: Tensor, numbers: Tensor, share: Tensor) -> Tensor:
        n, frames = share.shape[:2]
        cells = share.unflatten(3, (GRID // 2, 2)).unflatten(5, (GRID // 2, 2)).mean((4, 6)).flatten(3)
        best, which = cells.max(2)
        out = self.cell_head(middle[:, BEFORE : BEFORE + VIDEO - 1].float()).view(n, frames, best.shape[2], -1)
        weight = (best > 0.06).float()
        late = torch.arange(frames, device=out.device).view(1, -1, 1) / (frames - 1)
        still = _kinds(out[..., : len(SHAPES) + len(COLOURS)], numbers, which, weight, (1, 2))
        rest = out[..., len(SHAPES) + len(COLOURS) :]
        motion = _kinds(rest[..., : len(MOTIONS)], numbers, which, weight * late, (3,))
        place = _class(rest[..., len(MOTIONS) :], which, weight)
        return still + motion + place


def _kinds(out: Tensor, numbers: Tensor, which: Tensor, weight: Tensor, columns: tuple[int, ...]) -> Tensor:
    """Cross entropies of several attributes of the object under each patch."""
    sizes = {1: len(SHAPES), 2: len(COLOURS), 3: len(MOTIONS)}
    loss = out.new_zeros(())
    at = 0
    for column in columns:
        of_things = torch.stack([numbers[:, k * THING + column] for k in range(3)], 1).long()
        target = of_things.gather(1, which.flatten(1)).view_as(which)
        loss = loss + _class(out[..., at : at + sizes[column]], target, weight)
        at += sizes[column]
    return loss


def _class(out: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    each = F.cross_entropy(out.flatten(0, 2), target.flatten(), reduction="none")
    return (each * weight.flatten()).sum() / weight.sum().clamp(min=1)


def _layout(video: bool) -> tuple[Tensor, Tensor]:
    """Who may look at whom, and everyone's place, for one row: each space of text sees the pictures and itself alone."""
    seen = BEFORE + (VIDEO if video else IMAGE) + 1
    total = SHOWN + TEXT
    may = torch.ones(total, total, dtype=torch.bool).tril()
    may[:, seen:SHOWN] = False  # the filling between a video and the text
    positions = torch.arange(total)
    at = SHOWN
    for space in SPACES:
        may[at:, SHOWN:at] = False
        positions[at : at + space] = torch.arange(space) + seen
        at += space
    may |= torch.eye(total, dtype=torch.bool)
    return may[None, None], positions[None]


@torch.no_grad()
def answer(learner: Learner, pixels: Tensor, prompt: list[int], *, video: bool = True, most: int = 26) -> list[list[int]]:
    """Greedy answers to one prompt for many windows: simple, and quick enough for exams in between."""
    space = SPACES[0]
    _, seen = learner.look(pixels, video=video, fast=False)
    tokens = torch.zeros(len(pixels), TEXT, dtype=torch.long, device=pixels.device)
    tokens[:, : len(prompt)] = torch.tensor(prompt, device=pixels.device)
    for at in range(len(prompt), min(space, len(prompt) + most)):
        _, last = learner.speak(seen, tokens, video=video, fast=False)
        tokens[:, at] = F.linear(last[:, SHOWN + at - 1], learner.model.model.language_model.embed_tokens.weight).argmax(-1)
    return [row[len(prompt) : space].tolist() for row in tokens]
