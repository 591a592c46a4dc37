"""vLLM's LLaVA-OneVision with one fault mended: videos of different lengths in one step end the engine.

The vision tower is given all videos of a step at once. Where they have equally many frames vLLM gives back one matrix for each,
tokens x width; where they differ it leaves a dimension of 1 before each, and its own check of the result (``Expected multimodal
embeddings to be a sequence of 2D tensors``) ends the engine's process. Seen in 0.26 and 0.32. Windows between cuts have different
numbers of keyframes, and a film's last window is short: real films meet this, films made for a benchmark don't.
"""

from typing import Any

from vllm.model_executor.models.llava_onevision import LlavaOnevisionForConditionalGeneration


class LlavaOnevision(LlavaOnevisionForConditionalGeneration):  # type: ignore[misc]
    """What vLLM runs for ``LlavaOnevisionForConditionalGeneration``; registered by ``models.engines.vllm.plugin``."""

    def _process_video_pixels(self, inputs: Any) -> Any:
        """One matrix, tokens x width, for each video, whatever their lengths."""
        found = super()._process_video_pixels(inputs)
        return [video.flatten(0, -2) for video in found] if isinstance(found, list | tuple) else found
