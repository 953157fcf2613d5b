// The part of the video that is sent: the filmstrips, the window on them, and the shown frame.

import { find, guarded, latest } from "./dom.js";
import { Fraction, seconds } from "./fraction.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { Strip, beside, until } from "./timeline.js";
import { Times } from "./times.js";

//: A video above so many seconds gets a second strip with only the part around the window.
const LONG = 40;
const PART = 30;

class WindowPanel {
  times = null;
  strips = [];
  first = null;
  last = null;
  drag = null;
  source = null;
  cuts = [];
  windows = [];
  follow = latest((time) => guarded(() => this.dragged(time)));

  start() {
    for (const [id, edge] of [["window-body", "both"], ["window-first", "first"], ["window-last", "last"]]) {
      const handle = find(`#${id}`);
      handle.addEventListener("pointerdown", (event) => this.grab(event, edge));
      handle.addEventListener("keydown", (event) => this.key(event, edge));
    }
    const strips = find("#strips");
    strips.addEventListener("pointerdown", (event) => this.press(event));
    strips.addEventListener("pointermove", (event) => {
      if (this.drag && !this.drag.ending) this.follow(this.drag.strip.time(event));
    });
    for (const end of ["pointerup", "pointercancel"]) strips.addEventListener(end, () => this.drop());
    for (const name of ["start", "duration"]) {
      find(`#window-${name}`).addEventListener("change", () => guarded(() => this.typed()));
    }
    find("#frame").addEventListener("input", (event) => this.go(Number(event.target.value)));
    find("#frame-back").addEventListener("click", () => this.go(stage.frame - 1));
    find("#frame-on").addEventListener("click", () => this.go(stage.frame + 1));
    find("#play").addEventListener("click", () => (stage.video ? stage.pause() : stage.play()));
    document.addEventListener("keydown", (event) => this.shortcut(event));
    stage.addEventListener("frame", () => this.draw());
    stage.addEventListener("playing", () => {
      find("#play").textContent = stage.video ? "Stop" : "Play the part";
    });
    new ResizeObserver(() => this.source && this.pictures()).observe(find("#strips"));
  }

  /** Show a video, or none. */
  async open(facts) {
    find("#window").hidden = !facts;
    if (!facts) {
      this.stopAsking?.abort();
      this.source = this.times = null;
      return;
    }
    if (this.source === facts.source) return;
    this.source = facts.source;
    this.facts = facts;
    this.times = new Times("video_url", facts);
    this.limit = state.options.split ? this.times.end : Fraction.parse(state.limits.seconds);
    find("#handles").hidden = Boolean(state.options.split);
    this.strips = [new Strip(find("#strip"), this.times)];
    const long = this.times.end.number > LONG;
    find("#part").hidden = !long;
    if (long) this.strips.unshift(new Strip(find("#part"), this.times));
    this.active = this.strips[0];
    find("#strips").insertBefore(find("#handles"), this.active.root.nextSibling);
    this.cuts = [];
    this.windows = [];
    this.stopAsking?.abort();
    this.stopAsking = new AbortController();
    await this.take(state.window, false);
    await stage.show(this.first.index);
    this.pictures();
    this.ask(this.stopAsking.signal);
  }

  ask(signal) {
    const field = "video_url";
    if (this.facts.has_audio) beside(() => this.strips.at(-1).showSound(field, signal));
    const note = find("#looking");
    beside(async () => {
      await until("cuts", { field }, signal, (found) => {
        note.textContent = found.done ? "" : `Looking for cuts: ${Math.round(100 * found.share)} %`;
        this.cuts = found.cuts;
        if (found.done) this.marks();
      });
      await until("pick", { field }, signal, (found) => {
        this.windows = found.windows ?? [];
        if (found.done) this.marks();
      });
      const count = this.cuts.length;
      note.textContent =
        `${count === 1 ? "One cut" : count ? `${count} cuts` : "No cuts"} found` +
        (this.windows.length ? "; numbers mark the best parts." : ".");
    });
  }

  pictures() {
    const shape = this.facts.width / this.facts.height;
    beside(async () => {
      const strip = this.strips.at(-1);
      if (this.strips.length > 1) {
        await strip.showPictures("video_url", shape, this.stopAsking.signal);
        await this.zoomPart(shape);
      } else await strip.showPart("video_url", this.source, shape, 0, this.times.end.number);
      this.draw();
    });
  }

  async zoomPart(shape = this.facts.width / this.facts.height) {
    const [strip] = this.strips;
    const end = this.times.end.number;
    const middle = (this.first.time.number + this.last.time.number) / 2;
    const from = Math.max(0, Math.min(end - PART, middle - PART / 2));
    await strip.showPart("video_url", this.source, shape, from, from + PART);
    this.marks();
    this.draw();
  }

  marks() {
    for (const strip of this.strips) {
      const within = (time) => {
        const at = strip.place(Fraction.parse(time).number);
        return at >= 0 && at <= 1;
      };
      strip.showMarks(
        this.cuts.filter((cut) => within(cut.time)),
        this.windows.filter((each) => within(each.start)),
        (each) => guarded(() => this.choose(each)),
      );
    }
  }

  async choose(each) {
    await this.take({ start: String(each.start), duration: String(each.duration) });
    await this.settled();
  }

  // --- the window, always from the beginning of a frame to the end of one -----------------

  async typed() {
    const start = Fraction.parse(find("#window-start").value);
    const duration = Fraction.parse(find("#window-duration").value);
    if (!start || !duration || duration.compare(new Fraction(0n)) <= 0) {
      this.draw();
      throw new Error("Start and length are seconds: 1.5, or 3003/1000.");
    }
    await this.take({ start: String(start), duration: String(duration) });
    await this.settled();
  }

  /** Take start and length, moved to the frames that fit; with `commit`, the job changes. */
  async take({ start, duration }, commit = true) {
    const from = Fraction.parse(start ?? "0");
    const first = await this.times.near(from.number);
    const wanted = duration ? Fraction.parse(duration) : this.limit;
    await this.span(first, first.time.plus(wanted));
    if (commit) this.commit();
  }

  /** From a frame up to an exact time: at least one frame, at most the limit. */
  async span(first, end) {
    const most = first.time.plus(this.limit);
    let last = await this.times.upTo(end.compare(most) > 0 ? most : end);
    if (last.index <= first.index) last = await this.times.at(first.index + 1, first.time.number);
    this.first = first;
    this.last = last;
    this.draw();
  }

  commit() {
    const duration = this.last.time.minus(this.first.time);
    state.setWindow(String(this.first.time), String(duration));
  }

  /** After a change is finished: the shown frame lies in the window, the zoomed strip around it. */
  async settled() {
    stage.pause();
    const inside = Math.min(this.last.index - 1, Math.max(this.first.index, stage.frame));
    if (inside !== stage.frame) stage.show(inside);
    const [strip] = this.strips;
    const visible = this.first.time.number >= strip.from && this.last.time.number <= strip.to;
    if (this.strips.length > 1 && !visible) await this.zoomPart();
    this.draw();
  }

  /** Use the whole video, in parts; or a part within the limit again. */
  async whole(wanted) {
    if (!this.times) return;
    this.limit = wanted ? this.times.end : Fraction.parse(state.limits.seconds);
    find("#handles").hidden = wanted;
    for (const name of ["start", "duration"]) find(`#window-${name}`).disabled = wanted;
    await this.take({ start: "0", duration: null });
    await this.settled();
  }

  // --- pointer and keys -------------------------------------------------------------------

  grab(event, edge) {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.preventDefault();
    event.currentTarget.focus();
    this.begin(event, edge, this.active);
  }

  /** A press beside the window moves it there. */
  press(event) {
    if (event.button !== 0 || event.target.closest("button") || state.options.split) return;
    const strip = this.strips.find((each) => each.root.contains(event.target));
    if (!strip) return;
    event.preventDefault();
    this.begin(event, "both", strip);
    const length = this.last.time.number - this.first.time.number;
    this.drag.offset = length / 2;
    this.follow(strip.time(event));
  }

  begin(event, edge, strip) {
    find("#strips").setPointerCapture(event.pointerId);
    const offset = strip.time(event) - (edge === "last" ? this.last : this.first).time.number;
    const length = this.last.time.minus(this.first.time);
    this.drag = { edge, strip, offset, length, moved: false };
  }

  async dragged(time) {
    const { drag } = this;
    if (!drag) return;
    drag.moved = true;
    await this.moveEdge(drag.edge, time - drag.offset, drag.length);
  }

  async moveEdge(edge, time, length) {
    if (edge === "both") {
      const most = Math.max(0, this.times.end.number - length.number);
      const first = await this.times.near(Math.min(most, Math.max(0, time)));
      await this.span(first, first.time.plus(length));
    } else if (edge === "first") {
      const least = this.last.time.number - this.limit.number;
      let first = await this.times.near(Math.max(least, Math.max(0, time)));
      while (first.time.plus(this.limit).compare(this.last.time) < 0) {
        first = await this.times.at(first.index + 1, first.time.number);
      }
      if (first.index < this.last.index) await this.span(first, this.last.time);
    } else {
      const last = await this.times.near(time, true);
      if (last.index > this.first.index) await this.span(this.first, last.time);
    }
  }

  async drop() {
    const { drag } = this;
    if (!drag || drag.ending) return;
    drag.ending = true;
    // What the pointer did last may still be under way.
    await this.follow.idle();
    this.drag = null;
    if (!drag.moved) return;
    this.commit();
    await guarded(() => this.settled());
  }

  key(event, edge) {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const ends = { Home: "home", End: "end" }[event.key];
    if (!step && !ends) return;
    event.preventDefault();
    event.stopPropagation();
    guarded(() => this.steps(edge, step, ends, event.shiftKey));
  }

  async steps(edge, step, ends, whole) {
    const frame = edge === "last" ? this.last : this.first;
    const length = this.last.time.minus(this.first.time);
    let time;
    if (ends) time = ends === "home" ? 0 : this.times.end.number;
    else if (whole) time = frame.time.number + step;
    else time = (await this.times.at(frame.index + step, frame.time.number)).time.number;
    await this.moveEdge(edge, time, length);
    this.commit();
    await this.settled();
  }

  shortcut(event) {
    if (!this.times || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input:not([type=checkbox]), textarea, select, dialog *")) return;
    if (event.key === ",") this.go(stage.frame - 1);
    else if (event.key === ".") this.go(stage.frame + 1);
  }

  /** Show a frame of the window. */
  go(index) {
    stage.pause();
    const inside = Math.min(this.last.index - 1, Math.max(this.first.index, index));
    stage.show(inside);
  }

  draw() {
    if (!this.first) return;
    const [start, end] = [this.first.time, this.last.time];
    const length = end.minus(start);
    const rate = this.times.frames / this.times.end.number;
    const frame = start.number + (stage.frame - this.first.index) / rate;
    for (const strip of this.strips) strip.showWindow(start.number, end.number, frame);
    const body = find("#window-body");
    const [left, right] = [this.active.place(start.number), this.active.place(end.number)];
    find("#handles").style.setProperty("--left", `${100 * left}%`);
    find("#handles").style.setProperty("--right", `${100 * (1 - right)}%`);
    const text = `${seconds(start)} to ${seconds(end)}`;
    const values = [[body, start], [find("#window-first"), start], [find("#window-last"), end]];
    for (const [element, value] of values) {
      element.setAttribute("aria-valuemax", this.times.end.number);
      element.setAttribute("aria-valuenow", value.number.toFixed(4));
      element.setAttribute("aria-valuetext", text);
    }
    const fields = { start, duration: length };
    for (const [name, value] of Object.entries(fields)) {
      const input = find(`#window-${name}`);
      if (document.activeElement !== input) input.value = String(value);
    }
    const count = this.last.index - this.first.index;
    find("#window-text").textContent =
      `${text}: ${seconds(length)}, ${count} ${count === 1 ? "frame" : "frames"} of ${this.times.frames}`;
    const slider = find("#frame");
    slider.min = this.first.index;
    slider.max = this.last.index - 1;
    slider.value = stage.frame;
    slider.setAttribute("aria-valuetext", `frame ${stage.frame + 1}`);
    find("#frame-text").textContent = `Frame ${stage.frame + 1} · ${seconds(frame)}`;
  }
}

export const windowPanel = new WindowPanel();
