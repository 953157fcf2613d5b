// A mask: one byte for each pixel, 255 (white, is generated) or 0 (black, stays), with undo and redo.

export const WHITE = 255;
export const BLACK = 0;
//: Bytes of all steps that undo keeps; the oldest are dropped beyond.
const HISTORY_BYTES = 64 * 2 ** 20;

export class Bitmap {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
    this.past = [];
    this.future = [];
    this.before = null;
  }

  /** Begin a step: everything until `commit` is undone at once. */
  begin() {
    this.before ??= this.data.slice();
  }

  /** Set spans to a value; returns the rectangle that may have changed, or null. */
  paint(spans, value) {
    let changed = null;
    for (const [y, first, last] of spans) {
      const line = y * this.width;
      this.data.fill(value, line + first, line + last + 1);
      changed = joined(changed, { left: first, right: last, top: y, bottom: y });
    }
    return changed;
  }

  /** Replace every pixel by what `value(index)` gives. */
  replace(value) {
    for (let index = 0; index < this.data.length; index++) this.data[index] = value(index);
  }

  /** End a step; false where it changed nothing, so nothing is to be undone. */
  commit() {
    const before = this.before;
    this.before = null;
    const area = before && this.difference(before);
    if (!area) return false;
    this.past.push({ area, bytes: crop(before, this.width, area) });
    this.future = [];
    let total = 0;
    for (const step of this.past) total += step.bytes.length;
    while (total > HISTORY_BYTES && this.past.length > 1) total -= this.past.shift().bytes.length;
    return true;
  }

  /** Give up a step that was begun. */
  cancel() {
    if (this.before) this.data.set(this.before);
    this.before = null;
  }

  undo() {
    return this.exchange(this.past, this.future);
  }

  redo() {
    return this.exchange(this.future, this.past);
  }

  exchange(from, to) {
    const step = from.pop();
    if (!step) return false;
    const { area, bytes } = step;
    to.push({ area, bytes: crop(this.data, this.width, area) });
    const wide = area.right - area.left + 1;
    for (let y = area.top; y <= area.bottom; y++) {
      const at = (y - area.top) * wide;
      this.data.set(bytes.subarray(at, at + wide), y * this.width + area.left);
    }
    return true;
  }

  /** The rectangle outside which this and other bytes agree; null where all agree. */
  difference(other) {
    let area = null;
    for (let y = 0; y < this.height; y++) {
      const [line, end] = [y * this.width, (y + 1) * this.width];
      let first = line;
      while (first < end && this.data[first] === other[first]) first++;
      if (first === end) continue;
      let last = end - 1;
      while (this.data[last] === other[last]) last--;
      area = joined(area, { left: first - line, right: last - line, top: y, bottom: y });
    }
    return area;
  }

  get white() {
    let count = 0;
    for (const value of this.data) if (value) count++;
    return count;
  }
}

function joined(a, b) {
  if (!a) return { ...b };
  a.left = Math.min(a.left, b.left);
  a.right = Math.max(a.right, b.right);
  a.top = Math.min(a.top, b.top);
  a.bottom = Math.max(a.bottom, b.bottom);
  return a;
}

function crop(data, width, area) {
  const wide = area.right - area.left + 1;
  const bytes = new Uint8Array(wide * (area.bottom - area.top + 1));
  for (let y = area.top; y <= area.bottom; y++) {
    const line = y * width;
    bytes.set(data.subarray(line + area.left, line + area.right + 1), (y - area.top) * wide);
  }
  return bytes;
}
