// The mask of video_edit: tools on the stage, undo and redo, and the file that the server keeps.

import { picture, post, put } from "./api.js";
import { BLACK, Bitmap, WHITE } from "./bitmap.js";
import { drawTools } from "./cursor.js";
import { find, guarded, later, make, say, types } from "./dom.js";
import { growth, losesOutline } from "./growth.js";
import { hasColours, likeness, widened } from "./likeness.js";
import { overlay } from "./overlay.js";
import { decode, encode } from "./png.js";
import { ellipse, polygon, rectangle, region, stroke } from "./shapes.js";
import { stage } from "./stage.js";
import { state } from "./state.js";

//: Milliseconds after a stroke before the mask is sent.
const WAIT = 300;
const SHAPES = { rectangle, ellipse };
const KEYS = { b: "brush", e: "eraser", r: "rectangle", o: "ellipse", p: "polygon", f: "fill", h: "hand" };

class Mask {
  bitmap = null;
  tool = "brush";
  size = 40;
  removes = false;
  corners = [];
  from = null;
  sendLater = later(WAIT, () => this.send());
  sending = null;
  //: The masks of parts by the first frame of each; null: the one of the whole video.
  bitmaps = new Map();
  part = null;

  start() {
    stage.layers.push((pen) => this.visible && drawTools(this, pen));
    for (const radio of document.querySelectorAll("input[name=tool]")) {
      radio.addEventListener("change", () => this.choose(radio.value));
    }
    const buttons = {
      undo: () => this.step("undo"),
      redo: () => this.step("redo"),
      clear: () => this.whole(() => BLACK, "The mask is empty."),
      invert: () => this.whole((index) => WHITE - this.bitmap.data[index], "The mask is inverted."),
      close: () => this.finishPolygon(),
      here: () => this.edited(),
    };
    for (const [name, work] of Object.entries(buttons)) {
      find(`#mask-${name}`).addEventListener("click", work);
    }
    find("#brush-size").addEventListener("input", (event) => this.resize(Number(event.target.value)));
    find("#opacity").addEventListener("input", (event) => {
      overlay.opacity = Number(event.target.value) / 100;
      stage.redraw();
    });
    find("#removes").addEventListener("change", (event) => (this.removes = event.target.checked));
    find("#mask-file").addEventListener("change", (event) => this.load(event.target));
    for (const radio of document.querySelectorAll("input[name=mask-type]")) {
      radio.addEventListener("change", () => state.set({ mask_type: radio.value }));
    }
    find("#mask-outline").addEventListener("click", () => {
      state.set({ expand_mode: "original" });
      state.measure();
    });
    document.addEventListener("keydown", (event) => this.key(event));
    stage.addEventListener("frame", () => {
      this.changePart();
      this.note();
    });
    state.on("job media", () => this.refresh());
    const before = state.beforeSettling;
    state.beforeSettling = async () => {
      await before?.();
      await this.sendLater.now();
      await this.sending;
    };
    this.choose("brush");
  }

  get visible() {
    return Boolean(this.bitmap) && state.has("mask_image_url") && !state.job.mask_video_url;
  }

  // --- the bitmap -------------------------------------------------------------------------

  /** Begin with an empty mask, or with the job's own where it has one. */
  async open(facts) {
    const { width, height } = facts ?? {};
    if (this.bitmap && this.bitmap.width === width && this.bitmap.height === height) return;
    this.bitmap = facts ? new Bitmap(width, height) : null;
    this.bitmaps.clear();
    this.part = null;
    overlay.show(this.bitmap);
    const name = state.job.mask_image_url;
    if (facts && name && state.media.mask_image_url && !state.media.mask_image_url.error) {
      await guarded(async () => {
        this.bitmap.replace(await this.pixels(name));
        overlay.changed();
      });
    }
    this.refresh();
  }

  // --- a mask for each part of a split video -----------------------------------------------

  get parts() {
    return (state.options.split && state.verdict?.parts?.parts) || [];
  }

  /** Whether each part has a mask of its own: those that follow what is under them. */
  get byParts() {
    const follows = (state.job.mask_type ?? "tracking") !== "fixed";
    return state.has("mask_image_url") && follows && this.parts.length > 0;
  }

  /** The part that a frame lies in; null where the job has one mask. */
  partOf(frame) {
    if (!this.byParts) return null;
    return this.parts.find((part) => part.first <= frame && frame <= part.last) ?? null;
  }

  /** Show the mask of the part that the shown frame lies in; the mask before is sent first. */
  async changePart() {
    const part = this.partOf(stage.frame);
    const key = part ? part.first : null;
    if (!this.bitmap || key === this.part) return;
    this.cancel();
    await this.sendLater.now();
    this.bitmaps.set(this.part, this.bitmap);
    this.part = key;
    const kept = this.bitmaps.get(key);
    this.bitmap = kept ?? new Bitmap(...this.area);
    const name = part?.mask?.image;
    if (!kept && name) {
      await guarded(async () => this.bitmap.replace(await this.pixels(name)));
    }
    overlay.show(this.bitmap);
    this.refresh();
  }

  get value() {
    return this.tool === "eraser" || this.removes ? BLACK : WHITE;
  }

  get area() {
    return [this.bitmap.width, this.bitmap.height];
  }

  paint(spans) {
    overlay.changed(this.bitmap.paint(spans, this.value));
    stage.redraw();
  }

  /** End a step: it can be undone, and the server gets the mask. */
  commit() {
    if (!this.bitmap.commit()) return;
    this.edited();
  }

  edited() {
    this.frame = stage.frame;
    state.emit("changed");
    this.refresh();
    this.sendLater();
  }

  step(name) {
    if (!this.bitmap) return;
    this.cancel();
    if (!this.bitmap[name]()) return;
    overlay.changed();
    stage.redraw();
    say(name === "undo" ? "Undone." : "Done again.");
    this.edited();
  }

  whole(value, sentence) {
    if (!this.bitmap) return;
    this.cancel();
    this.bitmap.begin();
    this.bitmap.replace(value);
    overlay.changed();
    stage.redraw();
    say(sentence);
    this.commit();
  }

  /** Send the mask; the server names the file, which is the job's from then on. */
  send() {
    const { frame, bitmap } = this;
    const part = this.partOf(frame);
    const sent = guarded(async () => {
      const found = await put("mask", { frame, part: part?.index }, await encode(bitmap));
      this.findings(found.findings ?? []);
      const own = { mask_image_url: found.name, mask_frame_id: frame + 1, masks: undefined };
      state.set({ mask_video_url: undefined, ...(part ? this.listed(part, frame, found.name) : own) });
      // The name may be the same as before while the pixels are not.
      state.changed();
    });
    this.sending = sent;
    return sent;
  }

  /** The job's fields with the mask of one part in the place of the one before. */
  listed(part, frame, image) {
    const { mask_image_url: only, mask_frame_id: on = 1 } = state.job;
    const given = state.job.masks ?? (only ? [{ frame: on, image: only }] : []);
    // Parts may overlap: a frame that lies in two belongs to the first of them.
    const others = given.filter((each) => this.partOf(each.frame - 1)?.first !== part.first);
    const masks = [...others, { frame: frame + 1, image }].sort((a, b) => a.frame - b.frame);
    return { masks, mask_image_url: undefined, mask_frame_id: undefined };
  }

  findings(found) {
    const list = find("#mask-findings");
    list.replaceChildren(
      ...found.map((each) => make("li", { class: each.severity }, each.message)),
    );
    list.hidden = !found.length;
  }

  // --- pointers and keys: all points are pixels of the video ------------------------------

  down(point) {
    if (!this.bitmap) return;
    stage.pause();
    if (this.tool === "polygon") {
      this.corners.push(point);
      this.refresh();
      stage.redraw();
      return;
    }
    this.bitmap.begin();
    this.from = this.to = point;
    if (this.tool === "fill") {
      this.fill(point);
      this.from = null;
      this.commit();
    } else this.move(point);
  }

  move(point) {
    if (!this.from) return;
    if (this.tool in SHAPES) {
      // The shape of the step so far is replaced by the new one.
      this.bitmap.data.set(this.bitmap.before);
      overlay.changed();
      this.paint(SHAPES[this.tool](this.from, point, ...this.area));
    } else {
      this.paint(stroke(this.to, point, this.size, ...this.area));
    }
    this.to = point;
  }

  up() {
    if (!this.from) return;
    this.from = null;
    this.commit();
  }

  cancel() {
    this.from = null;
    this.corners = [];
    if (this.bitmap?.before) {
      this.bitmap.cancel();
      overlay.changed();
    }
    this.refresh();
    stage.redraw();
  }

  fill(point) {
    const [width, height] = this.area;
    const { data } = this.bitmap;
    const tolerance = Number(find("#tolerance").value);
    if (!tolerance || !stage.image) {
      const own = data[point.y * width + point.x];
      const before = data.slice();
      this.paint(region(point, width, height, (index) => before[index] === own));
      return;
    }
    const like = likeness(stage.image, width, height, point, tolerance);
    const spans = [...region(point, width, height, like)];
    this.paint(widened(spans, width, height));
  }

  finishPolygon() {
    const corners = this.corners;
    this.corners = [];
    if (corners.length > 2) {
      this.bitmap.begin();
      this.paint(polygon(corners, ...this.area));
      this.commit();
    }
    this.refresh();
    stage.redraw();
  }

  key(event) {
    if (!this.visible || types(event)) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      this.step(key === "y" || event.shiftKey ? "redo" : "undo");
      return;
    }
    if (event.altKey) return;
    if (KEYS[key]) this.choose(KEYS[key], true);
    else if (key === "x") {
      this.removes = find("#removes").checked = !this.removes;
      say(this.removes ? "Tools remove from the mask." : "Tools add to the mask.");
    } else if (key === "[" || key === "]") this.resize(this.size + (key === "]" ? 5 : -5));
    else if (key === "escape") this.cancel();
    else if (key === "enter" && this.corners.length) this.finishPolygon();
  }

  choose(tool, aloud = false) {
    this.cancel();
    this.tool = tool;
    find(`input[name=tool][value=${tool}]`).checked = true;
    find("#brush-size").closest("label").hidden = tool !== "brush" && tool !== "eraser";
    find("#tolerance").closest("label").hidden = tool !== "fill";
    stage.canvas.dataset.tool = tool;
    if (aloud) say(`Tool: ${tool}.`);
    this.refresh();
  }

  resize(size) {
    this.size = Math.max(1, Math.min(400, size));
    find("#brush-size").value = this.size;
    find("#brush-size-shown").textContent = `${this.size} px`;
    stage.redraw();
  }

  // --- files and notes --------------------------------------------------------------------

  /** Take a mask, or the shown frame with something painted on it, from a file. */
  async load(input) {
    const [file] = input.files;
    input.value = "";
    if (!file || !this.bitmap) return;
    await guarded(async () => {
      const given = await decode(file).catch(() => null);
      const painted = given !== null && hasColours(given);
      const frame = stage.frame;
      const parameters = { field: "mask_image_url", frame, painted: painted ? 1 : 0 };
      const { name, remarks = [] } = await post("upload", parameters, file);
      const value = await this.pixels(name);
      const what = painted ? "What is painted over the frame is the mask." : "The mask is loaded.";
      this.whole(value, [what, ...remarks].join(" "));
    });
  }

  /** The mask that the server has under a name, as a function of the pixel. */
  async pixels(name) {
    const canvas = await decode(await picture("mask", { name }), ...this.area);
    const { data } = canvas.getContext("2d").getImageData(0, 0, ...this.area);
    return (index) => (data[index * 4] >= 128 ? WHITE : BLACK);
  }

  refresh() {
    overlay.visible = this.visible;
    find("#mask-tools").hidden = !this.visible;
    find("#mask-undo").disabled = !this.bitmap?.past.length;
    find("#mask-redo").disabled = !this.bitmap?.future.length;
    find("#mask-close").hidden = this.tool !== "polygon";
    find("#mask-close").disabled = this.corners.length < 3;
    const type = state.job.mask_type ?? state.fields.mask_type?.default;
    const radio = type && find(`input[name=mask-type][value=${type}]`);
    if (radio) radio.checked = true;
    this.note();
  }

  /** Which frame the mask belongs to, and how much of the picture it covers. */
  note() {
    if (!this.visible) return;
    const part = this.partOf(stage.frame);
    const number = part ? (part.mask?.frame ?? stage.frame + 1) : (state.job.mask_frame_id ?? 1);
    const share = (100 * this.bitmap.white) / this.bitmap.data.length;
    const follows = (state.job.mask_type ?? "tracking") !== "fixed";
    const elsewhere = follows && share > 0 && number !== stage.frame + 1;
    let text = `Painted: ${share.toFixed(1)} % of the picture`;
    if (!share) text = "Nothing is painted yet: paint what the model shall replace";
    else if (elsewhere) {
      text += `. The mask belongs to frame ${number}; a stroke here moves it to frame ${stage.frame + 1}`;
    } else if (follows) text += `, on frame ${number}`;
    find("#mask-here").hidden = !elsewhere;
    find("#mask-note").textContent = `${text}.`;
    find("#mask-growth").textContent = follows && share ? growth(state.job, state.fields) : "";
    find("#mask-outline").hidden = !(follows && share && losesOutline(state.job, state.fields));
  }
}

export const mask = new Mask();
