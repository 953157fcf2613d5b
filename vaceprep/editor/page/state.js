// The job as the page has it, and what the server thinks of it. Every change asks the server again.

import { get, put } from "./api.js";
import { guarded, later } from "./dom.js";

const WAIT = 250;

class State extends EventTarget {
  job = {};
  window = { start: "0", duration: null };
  options = {};
  functions = {};
  media = {};
  files = [];
  limits = {};
  //: The answer to the job as it is; null while it is asked for.
  verdict = null;
  number = 0;
  asked = null;
  checkLater = later(WAIT, () => this.check());

  async load() {
    Object.assign(this, await get("state"));
    this.options ??= {};
    this.files ??= [];
  }

  get fields() {
    return this.functions[this.job.function]?.fields ?? {};
  }

  has(field) {
    return field in this.fields;
  }

  emit(name) {
    this.dispatchEvent(new Event(name));
  }

  on(names, listener) {
    for (const name of names.split(" ")) this.addEventListener(name, listener);
  }

  /** Set fields; undefined removes one. */
  set(values) {
    let changed = false;
    for (const [name, value] of Object.entries(values)) {
      const before = JSON.stringify(this.job[name]);
      if (value === undefined) delete this.job[name];
      else this.job[name] = value;
      changed ||= before !== JSON.stringify(value);
    }
    if (!changed) return;
    this.emit("job");
    this.changed();
  }

  setWindow(start, duration) {
    this.window = { start, duration };
    this.emit("window");
    this.changed();
  }

  changed() {
    this.number += 1;
    this.saved = false;
    this.emit("changed");
    this.checkLater();
  }

  /** Ask what the server thinks of the job. Of several requests, only the last counts. */
  async check() {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const body = { job: this.job, window: this.window, options: this.options };
    const verdict = await guarded(() => put("job", {}, body, asked.signal));
    if (asked !== this.asked) return;
    this.asked = null;
    if (!verdict) return this.emit("unanswered");
    this.verdict = verdict;
    this.emit("verdict");
  }

  /** Finish what waits or is under way, so that the server has the job as the page shows it. */
  async settle() {
    await this.beforeSettling?.();
    await this.checkLater.now();
    while (this.asked) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Facts of the media again: a file has been added or changed. */
  async measure() {
    await this.settle();
    const found = await get("state");
    this.media = found.media;
    this.files = found.files ?? this.files;
    this.emit("media");
  }

  get video() {
    const facts = this.media.video_url;
    return facts && !facts.error && facts.kind === "video" ? facts : null;
  }
}

export const state = new State();
