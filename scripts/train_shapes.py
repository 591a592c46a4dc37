"""Train the embedded model from nothing, on scenes that are drawn as it learns; one GPU, under ten minutes.

    python -m scripts.train_shapes -o models/shapes --minutes 6 --workers 15     # one GPU
    python -m scripts.train_shapes -o /tmp/smoke --smoke                         # a toy on the CPU, under 2 minutes

Most batches are drawn on the GPU, without end. Beside that, worker processes send clips through real H.264 and the
pipeline's resize into a pool; from the time that it is large enough each batch takes a part of its windows from there, and
towards the end most. Progress is counted by the clock, so that the learning rate reaches zero when the time is up: the seed fixes scenes
and first weights, not the number of steps.
"""

import argparse
import functools
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "2")

import torch

from scripts.shapes_training import folder, gpu_draw
from scripts.shapes_training.exam import Exam
from scripts.shapes_training.feed import NUMBERS, TEXT
from scripts.shapes_training.kitchen import Kitchen
from scripts.shapes_training.learn import Learner


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output-dir", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6.0, help="of training, start-up left out")
    parser.add_argument("--until", type=float, help="seconds from the command's start to its end, in place of --minutes")
    parser.add_argument("--workers", type=int, default=15, help="processes that make scenes and clips")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1.3e-3, help="highest learning rate")
    parser.add_argument("--adamw", action="store_true", help="AdamW alone, without Muon for the matrices of the layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="start", type=Path, help="go on from this folder's weights")
    parser.add_argument("--exam", type=int, default=512, help="windows in each of the exams, 0 for none")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="a toy model on the CPU: does everything work, does the loss fall?")
    args = parser.parse_args()
    if args.smoke:
        args.minutes, args.workers, args.batch, args.exam, args.no_compile = 0.7, 2, 4, 4, True
    train(args)


def train(args: argparse.Namespace) -> None:
    """The loop: a batch, a step, now and then a line, an exam, the weights."""
    began = time.time()
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("high")
    kitchen = Kitchen(seed=args.seed, workers=args.workers, batch=args.batch, exam=args.exam, smoke=args.smoke)
    learner = Learner(_model(args)).to(device)
    helpers = args.start / "helpers.pt" if args.start else None
    if helpers is not None and helpers.is_file():
        state = torch.load(helpers, weights_only=True)
        learner.patch_head.load_state_dict(state["patch_head"])
        learner.cell_head.load_state_dict(state["cell_head"])
    weights = sum(weight.numel() for weight in learner.model.parameters())
    print(f"{weights / 1e6:.2f} M weights on {device}", flush=True)
    steppers = _optimisers(learner, args)
    draw = draw_still = functools.partial(gpu_draw.draw, finer=1 if args.smoke else 2)
    damage = damage_still = gpu_draw.damage
    if not args.no_compile:
        learner.compile_parts()
        draw, damage = torch.compile(draw), torch.compile(damage)
    exam = Exam(kitchen, device) if args.exam else None
    pool = Pool(kitchen, device, 64 if device.type == "cpu" else 12_000)
    args.output_dir.mkdir(parents=True, exist_ok=True)
    log = args.output_dir / "log.jsonl"
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")

    seconds = args.minutes * 60
    start: float | None = None
    step, windows, shown, saved = 0, 0, time.time(), time.time()
    sums: dict[str, Any] = {}
    tally = 0
    while True:
        # Compiling and the first scenes are start-up: the clock of the learning rate begins after three steps.
        if start is None and step >= 3:
            start = time.time()
            if args.until:
                seconds = args.until - (start - began) - 8  # for saving
            print(f"ready after {start - began:.0f} s", flush=True)
        done = min(1.0, (time.time() - start) / seconds) if start else 0.0
        if done >= 1:
            break
        kitchen.easy = max(0.0, (0.9 if args.start is None else 0.5) - 9 * done)
        still = step % 10 == 9
        rows = kitchen.rows(still=still)
        numbers = torch.from_numpy(rows.numbers).to(device, non_blocking=True)
        tokens = torch.from_numpy(rows.tokens[:, 0]).to(device, non_blocking=True).long()
        targets = torch.from_numpy(rows.targets[:, 0]).to(device, non_blocking=True).long()
        pool.fill()
        real = pool.part(args.batch, done) if not still else 0
        with torch.no_grad():
            if real:
                taken = pool.take(real)
                numbers, tokens, targets = (
                    torch.cat((a, b[real:])) for a, b in zip(taken, (numbers, tokens, targets), strict=False)
                )
            # All are drawn, for what lies under each patch; those from the pool then show the decoder's pictures. A still
            # picture's scene stands still, so any moment of it is the same.
            pixels, share = draw_still(numbers, numbers[:, -1:]) if still else draw(numbers, numbers[:, -folder.FRAMES :])
            pixels = damage_still(pixels) if still else damage(pixels)
            if real:
                pixels[:real] = taken[3]
        with autocast:
            losses = learner.losses(pixels, tokens, targets, numbers, share, video=not still)
        helping = 0.6 * (1 - 0.8 * done)
        loss = losses["words"] + helping * (losses["patches"] + losses.get("cells", 0.0))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        factor = min(1.0, (step + 1) / 100) * (1 - done if done > 0.25 else 0.75) / 0.75
        for stepper, highest in steppers:
            for group in stepper.param_groups:
                group["lr"] = highest * factor
            stepper.step()
            stepper.zero_grad(set_to_none=True)
        step, windows = step + 1, windows + args.batch
        kind = "still" if still else "video"
        for name, value in losses.items():
            sums[f"{kind} {name}"] = sums.get(f"{kind} {name}", 0.0) + value.detach() / (1 if still else 9) * 10
        tally += 1
        if time.time() - shown > 10:
            line = {name: round(float(value) / tally, 4) for name, value in sums.items()}
            rate = tally * args.batch / (time.time() - shown)
            sums, tally, shown = {}, 0, time.time()
            _tell(log, step=step, done=round(done, 3), windows=windows, rate=round(rate), pool=pool.size, real=real, **line)
        if exam is not None and not args.smoke and exam.due(done):
            with autocast:
                for name, marks in exam.take(learner).items():
                    _tell(log, step=step, exam=name, **{what: round(share, 4) for what, share in marks.items()})
            shown = time.time()
        if time.time() - saved > 25:
            _save(learner, args.output_dir)
            saved = time.time()
    _save(learner, args.output_dir)
    if exam is not None:
        with autocast:
            for name, marks in exam.take(learner).items():
                _tell(log, step=step, exam=f"final {name}", **{what: round(share, 4) for what, share in marks.items()})
    if device.type == "cuda":
        print(f"{torch.cuda.get_device_name()}, {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most")
    print(f"{step} steps, {windows} windows, {time.time() - began:.0f} s in all", flush=True)
    kitchen.close()


class Pool:
    """Clips that came through H.264, kept on the GPU to be shown several times, also mirrored."""

    def __init__(self, kitchen: Kitchen, device: torch.device, room: int) -> None:
        side, frames = folder.SIDE, folder.FRAMES
        self.kitchen, self.device, self.room, self.size, self.at = kitchen, device, room, 0, 0
        self.frames = torch.empty(room, frames, 3, side, side, dtype=torch.uint8, device=device)
        self.numbers = torch.empty(room, 2, NUMBERS, device=device)
        self.tokens = torch.empty(room, 4, TEXT, dtype=torch.long, device=device)
        self.targets = torch.empty(room, 4, TEXT, dtype=torch.long, device=device)

    def fill(self) -> None:
        """Take in what the workers have made since; the oldest go when there is no room."""
        for clips in self.kitchen.new_clips():
            count = len(clips.frames)
            where = torch.tensor([(self.at + i) % self.room for i in range(count)], device=self.device)
            self.frames[where] = torch.from_numpy(clips.frames).to(self.device).permute(0, 1, 4, 2, 3)
            both = torch.stack((torch.from_numpy(clips.rows.numbers), torch.from_numpy(clips.mirrored_numbers)), 1)
            self.numbers[where] = both.to(self.device)
            self.tokens[where] = torch.from_numpy(clips.rows.tokens).to(self.device).long()
            self.targets[where] = torch.from_numpy(clips.rows.targets).to(self.device).long()
            self.at += count
            self.size = min(self.room, self.at)

    def part(self, batch: int, done: float) -> int:
        """How many windows of a batch come from here."""
        if self.size < min(2000, self.room // 4):
            return 0
        return int(batch * (0.6 if done > 0.6 else 0.25))

    def take(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Numbers, tokens, targets and frames of some clips; half of them are mirrored."""
        which = torch.randint(self.size, (count,), device=self.device)
        plain = count // 2
        turned = torch.cat((torch.zeros(plain, device=self.device), torch.ones(count - plain, device=self.device))).long()
        variant = turned * 2 + torch.randint(2, (count,), device=self.device)
        frames = self.frames[which]
        frames = torch.cat((frames[:plain], frames[plain:].flip(-1))).float()
        return self.numbers[which, turned], self.tokens[which, variant], self.targets[which, variant], frames


def _model(args: argparse.Namespace) -> Any:
    from transformers import LlavaOnevisionForConditionalGeneration

    config = folder.config(small=args.smoke)
    config.dtype = "float32"
    model = LlavaOnevisionForConditionalGeneration(config).float()
    config.dtype = "bfloat16"
    if args.start:
        folder.load(model, args.start)
    return model


def _optimisers(learner: Learner, args: argparse.Namespace) -> list[tuple[torch.optim.Optimizer, float]]:
    matrices, others, plain = [], [], []
    for name, weight in learner.named_parameters():
        if "post_layernorm" in name:
            weight.requires_grad_(False)  # not on the way from pixels to words
        elif weight.ndim == 2 and ".layers." in name:
            matrices.append(weight)
        elif weight.ndim >= 2 and "embed" not in name:
            others.append(weight)
        else:
            plain.append(weight)
    fused = torch.cuda.is_available()
    groups = [{"params": others, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    if args.adamw:
        groups[0]["params"] = [*others, *matrices]
        return [(torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), fused=fused), args.rate)]
    muon = torch.optim.Muon(matrices, lr=args.rate, weight_decay=0.02, adjust_lr_fn="match_rms_adamw")
    return [(torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), fused=fused), args.rate), (muon, args.rate)]


def _save(learner: Learner, output: Path) -> None:
    folder.save(learner.model, output)
    state = {"patch_head": learner.patch_head.state_dict(), "cell_head": learner.cell_head.state_dict()}
    torch.save(state, output / "helpers.pt")


def _tell(log: Path, **what: Any) -> None:
    print(" ".join(f"{key}={value}" for key, value in what.items()), flush=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main()
