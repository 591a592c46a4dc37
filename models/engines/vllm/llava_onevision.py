"""vLLM's LLaVA-OneVision with one fault mended, and two things more: it takes pictures as bytes (see pixels.py), and videos of as many
frames as ``limit_mm_per_prompt`` says (``{"video": {"count": 1, "num_frames": 96}}``), where vLLM's own class prepares for 16 and
refuses longer ones unless a whole step takes as many tokens.

The fault: videos of different lengths in one step end the engine. The vision tower is given all videos of a step at once. Where
they have equally many frames vLLM gives back one matrix for each, tokens x width; where they differ it leaves a dimension of 1
before each, and its own check of the result (``Expected multimodal embeddings to be a sequence of 2D tensors``) ends the engine's
process. Seen in 0.26 and 0.32. Windows between cuts have different numbers of keyframes, and a film's last window is short: real
films meet this, films made for a benchmark don't.
"""

from pathlib import Path
from typing import Any

from vllm.model_executor.models.llava_onevision import (
    LlavaOnevisionDummyInputsBuilder,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionMultiModalProcessor,
    LlavaOnevisionProcessingInfo,
)
from vllm.multimodal import MULTIMODAL_REGISTRY

from models.engines.vllm.pixels import normalisation


class LongVideos(LlavaOnevisionProcessingInfo):  # type: ignore[misc]
    """The longest video is as long as the user's limit says, which sizes vLLM's encoder cache."""

    def get_num_frames_with_most_features(self, seq_len: int, mm_counts: Any) -> int:
        limits = self.ctx.model_config.get_multimodal_config().limit_per_prompt
        longest = getattr(limits.get("video"), "num_frames", None)
        if longest is None or mm_counts.get("video", 0) != 1:
            plain: int = super().get_num_frames_with_most_features(seq_len, mm_counts)
            return plain
        room: int = self._get_max_video_frames(seq_len)
        return max(1, min(int(longest), room))


@MULTIMODAL_REGISTRY.register_processor(  # type: ignore[untyped-decorator, unused-ignore]
    LlavaOnevisionMultiModalProcessor, info=LongVideos, dummy_inputs=LlavaOnevisionDummyInputsBuilder
)
class LlavaOnevision(LlavaOnevisionForConditionalGeneration):  # type: ignore[misc]
    """What vLLM runs for ``LlavaOnevisionForConditionalGeneration``; registered by ``models.engines.vllm.plugin``."""

    def __init__(self, *, vllm_config: Any, prefix: str = "") -> None:
        super().__init__(vllm_config=vllm_config, prefix=prefix)
        folder = Path(vllm_config.model_config.model)
        self._of_image, self._of_video = normalisation(folder, "image"), normalisation(folder, "video")
        self._dtype = vllm_config.model_config.dtype

    def _parse_and_validate_image_input(self, **kwargs: object) -> Any:
        """Single pictures as they lie in memory, channels last, are turned here, on the device."""
        images: Any = kwargs.get("pixel_values")
        if images is not None:
            kwargs["pixel_values"] = [*map(_channels_first, images)] if isinstance(images, list) else _channels_first(images)
        return super()._parse_and_validate_image_input(**kwargs)

    def _parse_and_validate_video_input(self, **kwargs: object) -> Any:
        """Videos as pictures lie in memory, channels last, are turned here, on the device."""
        videos: Any = kwargs.get("pixel_values_videos")
        if videos is not None:
            kwargs["pixel_values_videos"] = (
                [*map(_channels_first, videos)] if isinstance(videos, list) else _channels_first(videos)
            )
        return super()._parse_and_validate_video_input(**kwargs)

    def _image_pixels_to_features(self, vision_tower: Any, pixel_values: Any) -> Any:
        return super()._image_pixels_to_features(vision_tower, self._normalised(pixel_values, self._of_image))

    def _video_pixels_to_features(self, vision_tower: Any, pixel_values: Any) -> Any:
        return super()._video_pixels_to_features(vision_tower, self._normalised(pixel_values, self._of_video))

    def _normalised(self, pixels: Any, rule: Any) -> Any:
        """Bytes as the processor would have made them; what is normalised already stays."""
        return pixels if pixels.is_floating_point() else rule.of(pixels, self._dtype)

    def _process_video_pixels(self, inputs: Any) -> Any:
        """One matrix, tokens x width, for each video, whatever their lengths."""
        found = super()._process_video_pixels(inputs)
        return [video.flatten(0, -2) for video in found] if isinstance(found, list | tuple) else found


def _channels_first(video: Any) -> Any:
    """``... x height x width x 3`` -> ``... x 3 x height x width``; the latter stays. A side of 3 pixels can't be: a patch is larger."""
    return video.movedim(-1, -3).contiguous() if video.shape[-1] == 3 else video
