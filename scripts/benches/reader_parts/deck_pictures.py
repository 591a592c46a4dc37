"""What is seen in a recording of slides beside the slides: photographs, captions, a pointer, a speaker in the corner."""

from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = np.ndarray[Any, Any]
FONTS = ("DejaVuSans.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSans-Bold.ttf")
SOUNDS = "ba ce di fo gu la me ni po ru sa te vi xo zu chi tra sto ple gran der mis ton al er in or us".split()


def words(random: np.random.Generator, count: int) -> str:
    words = ["".join(random.choice(SOUNDS, random.integers(1, 4))) for _ in range(count)]
    return " ".join(words).capitalize()


def photograph(size: tuple[int, int], random: np.random.Generator) -> Picture:
    found = np.full((size[1], size[0], 3), 120.0)
    for cells, share in ((4, 90), (14, 40), (60, 20)):
        noise = random.uniform(-1, 1, (cells, cells * 2, 3)).astype(np.float32)
        found += cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC) * share
    return found.clip(0, 255).astype(np.uint8)


def text(picture: Picture, text: str, place: tuple[float, float], points: int, *, box: bool = False) -> None:
    height, width = picture.shape[:2]
    corner = (int(place[0] * width), int(place[1] * height))
    font = ImageFont.truetype(FONTS[0], round(points * height / 720))
    right, bottom = (round(edge) for edge in font.getbbox(text)[2:])
    image = Image.new("RGB", (right + 16, bottom + 12), (0, 0, 0) if box else (200, 200, 200))
    ImageDraw.Draw(image).text((8, 4), text, font=font, fill=(255, 255, 255) if box else (0, 0, 0))
    part = np.asarray(image)[: height - corner[1], : width - corner[0]]
    picture[corner[1] : corner[1] + part.shape[0], corner[0] : corner[0] + part.shape[1]] = part


def arrow(picture: Picture, place: Picture, scale: float) -> None:
    x, y = place
    shape = np.array([(0, 0), (0, 22), (6, 17), (10, 26), (14, 24), (10, 15), (17, 15)]) * scale * 1.2 + (x, y)
    cv2.fillPoly(picture, [shape.astype(np.int32)], (255, 255, 255))
    cv2.polylines(picture, [shape.astype(np.int32)], True, (0, 0, 0), 1, cv2.LINE_AA)


class Head:
    """A speaker in the corner: a face that sways and talks before a wall, with the grain of a camera."""

    def __init__(self, size: tuple[int, int], random: np.random.Generator) -> None:
        self.width, self.height, self.random = size[0] // 4, size[1] // 4, random
        self.wall = cv2.resize(photograph(size, random), (self.width, self.height))

    def draw(self, picture: Picture, at: float) -> None:
        image = self.wall.copy()
        x = int(self.width * (0.5 + 0.06 * np.sin(at * 1.3) + 0.03 * np.sin(at * 4.1)))
        y = int(self.height * (0.5 + 0.03 * np.sin(at * 2.3)))
        cv2.ellipse(image, (x, y + self.height // 2), (self.width // 3, self.height // 3), 0, 0, 360, (40, 60, 110), -1)
        cv2.ellipse(image, (x, y), (self.width // 7, self.height // 4), 0, 0, 360, (225, 180, 150), -1)
        cv2.ellipse(
            image,
            (x, y + self.height // 9),
            (self.width // 22, 1 + int(self.height / 30 * (1 + np.sin(at * 17)))),
            0,
            0,
            360,
            (120, 40, 40),
            -1,
        )
        noise = self.random.integers(-6, 7, (self.height, self.width, 1), np.int16)
        picture[-self.height :, -self.width :] = (image + noise).clip(0, 255).astype(np.uint8)
