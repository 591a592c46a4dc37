"""One decoded frame in the hands of a reader: the contract between readers and who looks at their frames."""

from pipeline.frames import Image


class Decoded:
    """A frame on its way: valid until the next one is asked for (OpenCV) or for as long as it is held (PyAV)."""

    def __init__(self, rank: int, corrupt: bool = False) -> None:
        self.rank, self.corrupt = rank, corrupt

    def image(self) -> Image:
        """The picture as the model sees it: RGB, upright, of the size asked for."""
        raise NotImplementedError

    def small(self) -> Image:
        """The picture as the search for cuts sees it: RGB, tiny, not turned."""
        raise NotImplementedError
