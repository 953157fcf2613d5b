"""Frame effects: repaint, recolour, place on a larger canvas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from av.video.frame import VideoFrame

from vaceprep.sandbox.render.filter_graph import FilterGraph

#: Filters of a repainted video, by its control condition.
STYLES: Final = {
    # A poster: few levels, strong colours, dark outlines.
    "posebodyface": [
        "[in0]split[colour][lines]",
        "[colour]avgblur=3[soft]",
        "[soft]lutyuv=y='round((val-16)/36)*36+24'[flat]",
        "[flat]hue=s=1.7:h=-18[ink]",
        "[lines]format=gray[grey]",
        "[grey]edgedetect=low=0.06:high=0.14[edges]",
        "[edges]negate[dark]",
        "[dark]format=yuv420p[paper]",
        # Colours from the picture; darker where a line is.
        "[ink][paper]blend=c0_mode=multiply:c1_mode=normal:c2_mode=normal[mixed]",
        "[mixed]format=yuv420p[out]",
    ],
    # A drawing: dark lines on warm paper.
    "scribble": [
        "[in0]format=gray[grey]",
        "[grey]edgedetect=low=0.05:high=0.12[edges]",
        "[edges]negate[dark]",
        "[dark]erosion[thick]",
        "[thick]format=yuv420p[paper]",
        "[paper]lutyuv=y='val*0.85+16':u=118:v=136[out]",
    ],
    # A cyanotype: blue from dark to light.
    "depth": [
        "[in0]avgblur=2[soft]",
        "[soft]lutyuv=y='round((val-16)/22)*22+22':u=158:v=112[blue]",
        "[blue]format=yuv420p[out]",
    ],
}
STYLES["posebody"] = STYLES["posebodyface"]
#: The colour change under a mask.
NEW_COLOUR: Final = "hue=h=150:s=1.6"


def _through(inputs: Iterator[Sequence[VideoFrame]], steps: Sequence[str]) -> Iterator[VideoFrame]:
    first = next(inputs)
    graph = FilterGraph(first, steps)
    for number, frames in enumerate(chain([first], inputs)):
        yield from graph.push(number, frames)
    yield from graph.end()


def repainted(frames: Iterator[VideoFrame], condition: str) -> Iterator[VideoFrame]:
    """The same motion in another style."""
    return _through(((frame,) for frame in frames), STYLES[condition])


def recoloured(frames: Iterator[VideoFrame], masks: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Other colours where the mask is white; the mask is grey, of full range, for every frame."""
    steps = [
        "[in0]split[kept][other]",
        f"[other]{NEW_COLOUR}[new]",
        "[new][in1]alphamerge[cut]",
        "[kept][cut]overlay[laid]",
        "[laid]format=yuv420p[out]",
    ]
    return _through(zip(frames, masks, strict=False), steps)


def outpainted(
    frames: Iterator[VideoFrame], canvas: tuple[int, int], corner: tuple[int, int]
) -> Iterator[VideoFrame]:
    """Each frame on a canvas filled with a blurred copy of it. Sizes in pixels, all even."""
    width, height = canvas
    # Scaling down a lot and up again is the cheapest blur.
    small = f"{max(8, width // 40 * 2)}:{max(8, height // 40 * 2)}"
    steps = [
        "[in0]split[picture][copy]",
        f"[copy]scale={small}:flags=area[tiny]",
        "[tiny]gblur=sigma=3[soft]",
        f"[soft]scale={width}:{height}:flags=bicubic[wide]",
        "[wide]hue=s=0.85:b=-0.3[ground]",
        f"[ground][picture]overlay=x={corner[0]}:y={corner[1]}[laid]",
        "[laid]format=yuv420p[out]",
    ]
    return _through(((frame,) for frame in frames), steps)
