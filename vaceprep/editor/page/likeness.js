// Which pixels of a frame look like one of it: the colour may change slowly, as it does in a sky.

//: Pixels over which noise is averaged before neighbours are compared, and by which a fill grows to
//: cover the edge that stopped it.
const BLUR = 1.5;
const GROWTH = 2;
//: Levels between the parts of a colour up to which it is grey, and the part of a picture that is not.
const GREY = 16;
const COLOURFUL = 0.002;

/**
 * Whether a pixel, by its index, may join a fill that begins at `start`. `tolerance` is in levels of
 * a colour: three times of it from the start's colour, and an eighth of it from one pixel to the next.
 */
export function likeness(image, width, height, start, tolerance) {
  const pen = new OffscreenCanvas(width, height).getContext("2d");
  pen.filter = `blur(${BLUR}px)`;
  pen.drawImage(image, 0, 0, width, height);
  const { data } = pen.getImageData(0, 0, width, height);
  const begin = (start.y * width + start.x) * 4;
  const step = 1 + tolerance / 8;
  const apart = (a, b) =>
    Math.max(
      Math.abs(data[a] - data[b]),
      Math.abs(data[a + 1] - data[b + 1]),
      Math.abs(data[a + 2] - data[b + 2]),
    );
  return (index) => {
    const at = index * 4;
    if (apart(at, begin) > 3 * tolerance) return false;
    if (index % width && apart(at, at - 4) > step) return false;
    return index < width || apart(at, at - 4 * width) <= step;
  };
}

/** Spans with every pixel that is at most so near to one of theirs. */
export function* widened(spans, width, height) {
  for (const [y, first, last] of spans) {
    const top = Math.max(0, y - GROWTH);
    const bottom = Math.min(height - 1, y + GROWTH);
    for (let line = top; line <= bottom; line++) {
      yield [line, Math.max(0, first - GROWTH), Math.min(width - 1, last + GROWTH)];
    }
  }
}

/** Whether a picture has colours: then it is a frame that was painted over, not a mask. */
export function hasColours(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const apart = Math.abs(data[at] - data[at + 1]) + Math.abs(data[at] - data[at + 2]);
    if (apart > GREY) count += 1;
  }
  return count > width * height * COLOURFUL;
}
