// The mask above the picture: coloured where it is white; only what changed is drawn again.

import { stage } from "./stage.js";

//: The colour of what is white, as the bytes of a pixel: red, green, blue, opaque.
const COLOUR = new Uint32Array(new Uint8Array([236, 28, 120, 255]).buffer)[0];

class Overlay {
  opacity = 0.5;
  visible = false;
  bitmap = null;
  canvas = null;
  area = null;

  start() {
    stage.layers.push((pen) => this.draw(pen));
  }

  show(bitmap) {
    this.bitmap = bitmap;
    this.canvas = bitmap && new OffscreenCanvas(bitmap.width, bitmap.height);
    this.changed();
  }

  /** Note that pixels changed: those of a rectangle (null: none), or all. */
  changed(area) {
    if (area === null || !this.bitmap) return;
    const { width, height } = this.bitmap;
    const all = { left: 0, top: 0, right: width - 1, bottom: height - 1 };
    const added = area ?? all;
    const before = this.area ?? added;
    this.area = {
      left: Math.min(before.left, added.left),
      top: Math.min(before.top, added.top),
      right: Math.max(before.right, added.right),
      bottom: Math.max(before.bottom, added.bottom),
    };
    stage.redraw();
  }

  update() {
    const { left, top, right, bottom } = this.area;
    this.area = null;
    const [wide, high] = [right - left + 1, bottom - top + 1];
    const pixels = new Uint32Array(wide * high);
    for (let y = 0; y < high; y++) {
      const line = (top + y) * this.bitmap.width + left;
      for (let x = 0; x < wide; x++) {
        if (this.bitmap.data[line + x]) pixels[y * wide + x] = COLOUR;
      }
    }
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), wide, high);
    this.canvas.getContext("2d").putImageData(image, left, top);
  }

  draw(pen) {
    if (!this.visible || !this.bitmap) return;
    if (this.area) this.update();
    const smooth = pen.imageSmoothingEnabled;
    pen.imageSmoothingEnabled = stage.scale < 1;
    pen.globalAlpha = this.opacity;
    pen.drawImage(this.canvas, 0, 0);
    pen.globalAlpha = 1;
    pen.imageSmoothingEnabled = smooth;
  }
}

export const overlay = new Overlay();
