// Shapes as whole pixels, without anti-aliasing. Each yields spans [y, first x, last x]; points are
// pixels (whole numbers), and a pixel belongs to a shape if its centre does. All arithmetic is on
// whole numbers below 2^53, so the same stroke gives the same pixels in every browser.

/** All pixels within half the diameter of the line from a to b: one step of a brush. */
export function* stroke(a, b, diameter, width, height) {
  const reach = Math.ceil(diameter / 2);
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const limit = diameter * diameter;
  const inside = (x, y) => {
    const [px, py] = [x - a.x, y - a.y];
    const along = px * dx + py * dy;
    if (along <= 0) return 4 * (px * px + py * py) <= limit;
    if (along >= length) return 4 * ((x - b.x) ** 2 + (y - b.y) ** 2) <= limit;
    return 4 * (px * dy - py * dx) ** 2 <= limit * length;
  };
  const top = Math.max(0, Math.min(a.y, b.y) - reach);
  const bottom = Math.min(height - 1, Math.max(a.y, b.y) + reach);
  const left = Math.max(0, Math.min(a.x, b.x) - reach);
  const right = Math.min(width - 1, Math.max(a.x, b.x) + reach);
  for (let y = top; y <= bottom; y++) {
    // The shape is convex, so each line of it is one span.
    let first = left;
    while (first <= right && !inside(first, y)) first++;
    if (first > right) continue;
    let last = right;
    while (!inside(last, y)) last--;
    yield [y, first, last];
  }
}

function box(a, b, width, height) {
  return {
    left: Math.max(0, Math.min(a.x, b.x)),
    right: Math.min(width - 1, Math.max(a.x, b.x)),
    top: Math.max(0, Math.min(a.y, b.y)),
    bottom: Math.min(height - 1, Math.max(a.y, b.y)),
  };
}

/** The rectangle with two opposite corners, both included. */
export function* rectangle(a, b, width, height) {
  const { left, right, top, bottom } = box(a, b, width, height);
  if (left > right) return;
  for (let y = top; y <= bottom; y++) yield [y, left, right];
}

/** The ellipse that touches the four sides of that rectangle. */
export function* ellipse(a, b, width, height) {
  const { left, right, top, bottom } = box(a, b, width, height);
  const wide = Math.abs(b.x - a.x) + 1;
  const high = Math.abs(b.y - a.y) + 1;
  for (let y = top; y <= bottom; y++) {
    const dy = 2 * y - a.y - b.y;
    const inside = (x) =>
      ((2 * x - a.x - b.x) * high) ** 2 + (dy * wide) ** 2 <= (wide * high) ** 2;
    let first = left;
    while (first <= right && !inside(first)) first++;
    if (first > right) continue;
    let last = right;
    while (!inside(last)) last--;
    yield [y, first, last];
  }
}

/** The polygon through the points, its outline included; where it crosses itself, even and odd. */
export function* polygon(points, width, height) {
  const edges = points.map((point, index) => [point, points[(index + 1) % points.length]]);
  const ys = points.map((point) => point.y);
  const bottom = Math.min(height - 1, Math.max(...ys));
  for (let y = Math.max(0, Math.min(...ys)); y <= bottom; y++) {
    const crossings = [];
    for (const [a, b] of edges) {
      if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y));
    }
    crossings.sort((a, b) => a - b);
    for (let index = 0; index + 1 < crossings.length; index += 2) {
      const first = Math.max(0, Math.ceil(crossings[index]));
      const last = Math.min(width - 1, Math.floor(crossings[index + 1]));
      if (first <= last) yield [y, first, last];
    }
  }
  for (const [a, b] of edges) yield* stroke(a, b, 1, width, height);
}

/** The pixels connected with the start by their sides for which `same(index)` holds. */
export function* region(start, width, height, same) {
  if (start.x < 0 || start.y < 0 || start.x >= width || start.y >= height) return;
  const seen = new Uint8Array(width * height);
  const open = [start.y * width + start.x];
  const free = (index) => !seen[index] && same(index);
  while (open.length) {
    const index = open.pop();
    if (!free(index)) continue;
    const y = Math.floor(index / width);
    const line = y * width;
    let first = index - line;
    let last = first;
    while (first > 0 && free(line + first - 1)) first--;
    while (last < width - 1 && free(line + last + 1)) last++;
    seen.fill(1, line + first, line + last + 1);
    yield [y, first, last];
    for (const next of [line - width, line + width]) {
      if (next < 0 || next >= width * height) continue;
      for (let x = first; x <= last; x++) {
        if (free(next + x) && (x === first || !free(next + x - 1))) open.push(next + x);
      }
    }
  }
}
