// The pointer and the keys on the stage: paint, pan with the hand, pinch with two fingers.

import { say } from "./dom.js";
import { mask } from "./mask.js";
import { stage } from "./stage.js";

//: Pixels of the video that an arrow key moves the cursor; with Shift one.
const STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const fingers = new Map();
let panning = null;
let spread = null;
let pressed = false;
let cursor = null;

function middle() {
  const [a, b] = [...fingers.values()];
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) };
}

function down(event) {
  if (!stage.width) return;
  stage.canvas.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, stage.onCanvas(event));
  if (fingers.size === 2) {
    // The first finger's dot was the beginning of a gesture, not of a stroke.
    mask.cancel();
    panning = null;
    spread = middle();
    return;
  }
  if (event.button === 1 || mask.tool === "hand" || !mask.visible) panning = stage.onCanvas(event);
  else if (event.button === 0 && fingers.size === 1) {
    mask.byKeys = false;
    mask.hover = stage.pixel(event);
    mask.down(mask.hover);
  }
}

function move(event) {
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, stage.onCanvas(event));
  if (fingers.size === 2 && spread) {
    const now = middle();
    stage.move(now.x - spread.x, now.y - spread.y);
    stage.zoom(now.distance / spread.distance, now.x, now.y);
    spread = now;
    return;
  }
  if (panning) {
    if (!stage.zoomed && !mask.visible) return;
    const now = stage.onCanvas(event);
    stage.move(now.x - panning.x, now.y - panning.y);
    panning = now;
    return;
  }
  if (!mask.visible) return;
  // Every point of a fast stroke, not one for each picture of the screen.
  const events = event.getCoalescedEvents?.() ?? [];
  for (const each of events.length ? events : [event]) mask.move(stage.pixel(each));
  mask.hover = stage.pixel(event);
  mask.byKeys = false;
  stage.redraw();
}

function up(event) {
  fingers.delete(event.pointerId);
  if (fingers.size) return;
  panning = spread = null;
  mask.up();
}

function key(event) {
  if (!mask.visible || !mask.bitmap || event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = ARROWS[event.key];
  if (!arrow && event.key !== " ") return;
  event.preventDefault();
  const { width, height } = mask.bitmap;
  cursor = mask.byKeys ? mask.hover : { x: width >> 1, y: height >> 1 };
  mask.byKeys = true;
  if (arrow) {
    const step = event.shiftKey ? 1 : STEP;
    cursor = {
      x: Math.max(0, Math.min(width - 1, cursor.x + arrow[0] * step)),
      y: Math.max(0, Math.min(height - 1, cursor.y + arrow[1] * step)),
    };
    mask.hover = cursor;
    if (pressed) mask.move(cursor);
    say(`Column ${cursor.x}, line ${cursor.y}`);
  } else {
    mask.hover = cursor;
    if (pressed) mask.up();
    else mask.down(cursor);
    pressed = !pressed && mask.from !== null;
    say(pressed ? "The tool is down; Space lifts it." : "The tool is up.");
  }
  stage.redraw();
}

export function startPointer() {
  const { canvas } = stage;
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", (event) => {
    mask.cancel();
    up(event);
  });
  canvas.addEventListener("pointerleave", () => {
    if (!mask.byKeys) mask.hover = null;
    stage.redraw();
  });
  canvas.addEventListener("dblclick", () => {
    if (mask.tool === "polygon") mask.finishPolygon();
  });
  canvas.addEventListener("keydown", key);
  canvas.addEventListener("blur", () => {
    if (pressed) mask.up();
    pressed = false;
    if (mask.byKeys) mask.hover = null;
    mask.byKeys = false;
    stage.redraw();
  });
}
