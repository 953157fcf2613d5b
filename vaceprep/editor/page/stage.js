// The picture that one works on: a frame of the video or the running clip, with zoom, and layers above.

import { picture, url } from "./api.js";
import { find, guarded, latest } from "./dom.js";
import { state } from "./state.js";

//: Frames up to this height are fetched whole; higher ones scaled to it.
const HEIGHT = 1080;
const KEPT = 16;
const ZOOM = { most: 32, step: 1.25 };

class Stage extends EventTarget {
  width = 0;
  height = 0;
  //: Pixels of the canvas for one of the video, and where the video's corner is.
  scale = 1;
  left = 0;
  top = 0;
  //: What the view shows around the video, as parts of its sides: for outpainting.
  margin = { top: 0, bottom: 0, left: 0, right: 0 };
  zoomed = false;
  frame = 0;
  image = null;
  playing = null;
  layers = [];
  pictures = new Map();
  pending = false;
  show = latest((index) => this.fetch(index));

  start() {
    this.canvas = find("#stage");
    this.pen = this.canvas.getContext("2d");
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  /** Show another video, or another version of it. */
  setVideo(facts) {
    this.pictures.clear();
    this.image = null;
    this.width = facts?.width ?? 0;
    this.height = facts?.height ?? 0;
    this.fit();
  }

  async fetch(index) {
    this.frame = index;
    this.dispatchEvent(new Event("frame"));
    const found = await guarded(() => this.picture(index));
    if (found && this.frame === index) {
      this.image = found;
      this.dispatchEvent(new Event("image"));
      this.redraw();
    }
  }

  async picture(index) {
    const kept = this.pictures.get(index);
    if (kept) return kept;
    const height = this.height > HEIGHT ? HEIGHT : undefined;
    const of = state.job.video_url;
    const blob = await picture("frame", { field: "video_url", index, height, of });
    const image = await createImageBitmap(blob);
    this.pictures.set(index, image);
    if (this.pictures.size > KEPT) this.pictures.delete(this.pictures.keys().next().value);
    return image;
  }

  // --- the view ---------------------------------------------------------------------------

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      if (!this.zoomed) this.fit();
    }
    this.redraw();
  }

  /** The whole video, with its margin. */
  fit() {
    this.zoomed = false;
    if (!this.width || !this.canvas) return;
    const { top, bottom, left, right } = this.margin;
    const wide = this.width * (1 + left + right);
    const high = this.height * (1 + top + bottom);
    this.canvas.style.aspectRatio = `${wide} / ${high}`;
    this.scale = Math.min(this.canvas.width / wide, this.canvas.height / high);
    this.left = (this.canvas.width - wide * this.scale) / 2 + left * this.width * this.scale;
    this.top = (this.canvas.height - high * this.scale) / 2 + top * this.height * this.scale;
    this.redraw();
  }

  /** Zoom so that a point of the canvas, its middle by default, stays where it is. */
  zoom(factor, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    const fitting = Math.min(this.canvas.width / this.width, this.canvas.height / this.height);
    const scale = Math.min(ZOOM.most, Math.max(fitting / 2, this.scale * factor));
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.zoomed = true;
    this.redraw();
  }

  zoomIn() {
    this.zoom(ZOOM.step);
  }

  zoomOut() {
    this.zoom(1 / ZOOM.step);
  }

  move(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.zoomed = true;
    this.redraw();
  }

  wheel(event) {
    // Without Ctrl the wheel scrolls the page, as everywhere.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { x, y } = this.onCanvas(event);
    this.zoom(event.deltaY < 0 ? ZOOM.step : 1 / ZOOM.step, x, y);
  }

  onCanvas(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.canvas.width) / box.width,
      y: ((event.clientY - box.top) * this.canvas.height) / box.height,
    };
  }

  /** The pixel of the video under a pointer; it may lie outside the video. */
  pixel(event) {
    const { x, y } = this.onCanvas(event);
    return {
      x: Math.floor((x - this.left) / this.scale),
      y: Math.floor((y - this.top) / this.scale),
    };
  }

  // --- drawing ----------------------------------------------------------------------------

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  draw() {
    const { pen, canvas } = this;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.width) return;
    pen.setTransform(this.scale, 0, 0, this.scale, this.left, this.top);
    pen.imageSmoothingEnabled = this.scale < 2;
    const shown = this.playing ?? this.image;
    if (shown) pen.drawImage(shown, 0, 0, this.width, this.height);
    for (const layer of this.layers) layer(pen);
  }

  // --- playing ----------------------------------------------------------------------------

  /** Play exactly the window on the stage, the layers above it; again and again until stopped. */
  async play() {
    this.pause();
    const video = document.createElement("video");
    video.loop = true;
    video.playsInline = true;
    const { start, duration } = state.window;
    video.src = url("clip", { field: "video_url", start, duration });
    this.video = video;
    const next = () => {
      if (this.video !== video) return;
      if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.playing = video;
      this.draw();
      requestAnimationFrame(next);
    };
    await guarded(async () => {
      await video.play();
      next();
      this.dispatchEvent(new Event("playing"));
    });
  }

  pause() {
    if (!this.video) return;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.video = this.playing = null;
    this.dispatchEvent(new Event("playing"));
    this.redraw();
  }
}

export const stage = new Stage();
