// Outpainting: four sides that are dragged outwards on the stage, and target shapes.

import { find, make, say } from "./dom.js";
import { stage } from "./stage.js";
import { state } from "./state.js";

const SIDES = ["top", "bottom", "left", "right"];
const SHAPES = { "16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1, "4:3": 4 / 3 };
const OPPOSITE = { top: "bottom", bottom: "top", left: "right", right: "left" };
//: Scales are kept to so many decimals; a key moves a side by one step, with Shift ten.
const DECIMALS = 3;
const STEP = 0.01;

const scale = (side) => Number(state.job[`${side}_scale`] ?? 1);

class Outpaint {
  drag = null;

  start() {
    stage.layers.unshift((pen) => this.visible && this.draw(pen));
    this.handles = Object.fromEntries(SIDES.map((side) => [side, this.handle(side)]));
    find("#stage-frame").append(...Object.values(this.handles));
    for (const [name, shape] of Object.entries(SHAPES)) {
      const choose = () => this.shape(name, shape);
      find("#shapes").append(make("button", { type: "button", onclick: choose }, name));
    }
    const reset = () => this.set(Object.fromEntries(SIDES.map((side) => [side, 1])));
    find("#shapes").append(make("button", { type: "button", onclick: reset }, "As it is"));
    state.on("job media", () => this.refresh());
    state.on("verdict", () => this.note());
    new ResizeObserver(() => this.place()).observe(stage.canvas);
  }

  get visible() {
    return state.has("top_scale") && Boolean(stage.width);
  }

  get range() {
    const { min = 1, max = 2 } = state.fields.top_scale?.limit ?? {};
    return [min, max];
  }

  handle(side) {
    const element = make("div", {
      class: `side ${side}`,
      role: "slider",
      tabindex: "0",
      "aria-label": `${side} side: scale`,
      "aria-orientation": side === "top" || side === "bottom" ? "vertical" : "horizontal",
      hidden: true,
    });
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      element.focus();
      element.setPointerCapture(event.pointerId);
      this.drag = side;
    });
    element.addEventListener("pointermove", (event) => {
      if (this.drag === side) this.set({ [side]: this.under(side, event) });
    });
    for (const end of ["pointerup", "pointercancel"]) {
      element.addEventListener(end, () => (this.drag = null));
    }
    element.addEventListener("keydown", (event) => this.key(side, event));
    return element;
  }

  under(side, event) {
    const { x, y } = stage.onCanvas(event);
    const [across, down] = [(x - stage.left) / stage.scale, (y - stage.top) / stage.scale];
    const { width, height } = stage;
    return 1 + { top: -down / height, bottom: down / height - 1, left: -across / width, right: across / width - 1 }[side];
  }

  key(side, event) {
    const outwards = { top: "ArrowUp", bottom: "ArrowDown", left: "ArrowLeft", right: "ArrowRight" };
    const step = event.key === outwards[side] ? 1 : event.key === outwards[OPPOSITE[side]] ? -1 : 0;
    if (!step && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    const [least, most] = this.range;
    const to = { Home: least, End: most }[event.key];
    this.set({ [side]: to ?? scale(side) + step * STEP * (event.shiftKey ? 10 : 1) });
  }

  set(scales) {
    const [least, most] = this.range;
    const fields = {};
    for (const [side, value] of Object.entries(scales)) {
      fields[`${side}_scale`] = Number(Math.min(most, Math.max(least, value)).toFixed(DECIMALS));
    }
    state.set(fields);
  }

  /** The smallest canvas of a shape around the video, which stays in its middle. */
  shape(name, wanted) {
    const own = stage.width / stage.height;
    const wide = Math.max(1, wanted / own);
    const high = Math.max(1, own / wanted);
    this.set({ left: (1 + wide) / 2, right: (1 + wide) / 2, top: (1 + high) / 2, bottom: (1 + high) / 2 });
    const [, most] = this.range;
    const reached = Math.max((1 + wide) / 2, (1 + high) / 2) <= most;
    say(reached ? `Shape ${name}.` : `${name} is not reached: a side grows to ${most} at most.`);
  }

  refresh() {
    find("#outpaint").hidden = !this.visible;
    const [, most] = this.range;
    const room = this.visible ? most - 1 : 0;
    const margin = { top: room, bottom: room, left: room, right: room };
    if (stage.margin.top !== room) {
      stage.margin = margin;
      stage.fit();
    }
    this.place();
    stage.redraw();
    this.note();
  }

  place() {
    const ratio = window.devicePixelRatio || 1;
    const [x, y] = [stage.left / ratio, stage.top / ratio];
    const [wide, high] = [(stage.width * stage.scale) / ratio, (stage.height * stage.scale) / ratio];
    const box = {
      left: x - (scale("left") - 1) * wide,
      right: x + scale("right") * wide,
      top: y - (scale("top") - 1) * high,
      bottom: y + scale("bottom") * high,
    };
    for (const side of SIDES) {
      const handle = this.handles[side];
      handle.hidden = !this.visible;
      const upright = side === "left" || side === "right";
      handle.style.left = `${upright ? box[side] : (box.left + box.right) / 2}px`;
      handle.style.top = `${upright ? (box.top + box.bottom) / 2 : box[side]}px`;
      const [least, most] = this.range;
      handle.setAttribute("aria-valuemin", least);
      handle.setAttribute("aria-valuemax", most);
      handle.setAttribute("aria-valuenow", scale(side));
    }
  }

  draw(pen) {
    const { width, height } = stage;
    const thin = (window.devicePixelRatio || 1) / stage.scale;
    const left = -(scale("left") - 1) * width;
    const top = -(scale("top") - 1) * height;
    const wide = width * (scale("left") + scale("right") - 1);
    const high = height * (scale("top") + scale("bottom") - 1);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, wide, high);
    pen.rect(0, 0, width, height);
    pen.fillStyle = "rgb(236 28 120 / 35%)";
    pen.fill("evenodd");
    pen.lineWidth = 2 * thin;
    pen.strokeStyle = "rgb(236 28 120)";
    pen.strokeRect(left, top, wide, high);
    pen.restore();
  }

  /** The size of the result and the part of the original, as the model's preview has them. */
  note() {
    if (!this.visible) return;
    const grown = SIDES.filter((side) => scale(side) > 1);
    const sides = grown.length
      ? grown.map((side) => `${side} ${scale(side)}`).join(", ")
      : "nothing is added yet: drag a side outwards";
    const file = state.verdict?.model?.files?.find((each) => each.role === "video_url");
    let size = "";
    if (file?.width) {
      size = ` The result is ${file.width}x${file.height}`;
      const [wide, high] = file.scaled ?? [];
      if (wide) {
        const kept = Math.round(100 * Math.min(1, wide / stage.width));
        size += `; of the original, ${wide}x${high} pixels are left (${kept} % of its width)`;
      }
      size += ".";
    }
    find("#outpaint-note").textContent = `Added: ${sides}.${size}`;
  }
}

export const outpaint = new Outpaint();
