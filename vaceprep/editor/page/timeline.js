// One strip of a video: pictures, sound, cuts and offered windows, and the window that is chosen.

import { get, url } from "./api.js";
import { guarded, make } from "./dom.js";
import { seconds } from "./fraction.js";

const SHARE = (value) => `${(100 * value).toFixed(4)}%`;
//: Height of the pictures in pixels, and parts of the sound's picture.
const HEIGHT = 72;
const PEAKS = 600;
const POLL = 700;

/** Ask for slow work until it is done; ends when the signal says so. */
export async function until(path, parameters, signal, found) {
  for (;;) {
    const answer = await get(path, parameters, signal);
    if (answer === null) return;
    found(answer);
    if (answer.done || answer.error) return;
    await new Promise((resolve) => setTimeout(resolve, POLL));
    if (signal.aborted) return;
  }
}

export class Strip {
  constructor(root, times) {
    this.root = root;
    this.times = times;
    this.from = 0;
    this.to = times.end.number;
    this.pictures = make("div", { class: "pictures", "aria-hidden": "true" });
    this.sound = make("canvas", { class: "sound", "aria-hidden": "true", hidden: true });
    this.marks = make("div", { class: "marks" });
    this.before = make("div", { class: "shade" });
    this.after = make("div", { class: "shade" });
    this.head = make("div", { class: "head", "aria-hidden": "true" });
    root.replaceChildren(this.pictures, this.sound, this.marks, this.before, this.after, this.head);
  }

  /** Where a time is, as a part of the strip's width. */
  place(time) {
    return (time - this.from) / (this.to - this.from);
  }

  /** The time under a pointer. */
  time(event) {
    const box = this.root.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return this.from + share * (this.to - this.from);
  }

  async showPictures(field, shape, signal) {
    const wide = Math.max(24, Math.round(HEIGHT * shape));
    const count = Math.max(3, Math.ceil(this.root.clientWidth / wide));
    const list = await get("strip", { field, count, height: HEIGHT }, signal);
    this.pictures.replaceChildren(
      ...list.map((each) => {
        const image = make("img", { src: each.url, alt: "", loading: "lazy", draggable: "false" });
        image.style.left = SHARE(this.place(Number(parseTime(each.time))));
        image.style.width = `${wide}px`;
        return image;
      }),
    );
  }

  /** Show a part of a long video by single frames. */
  async showPart(field, of, shape, from, to) {
    this.from = from;
    this.to = to;
    const wide = Math.max(24, Math.round(HEIGHT * shape));
    const count = Math.max(3, Math.ceil(this.root.clientWidth / wide));
    const frames = await this.times.around(from, to);
    const shown = [];
    for (let number = 0; number < count; number++) {
      const wanted = from + (number * (to - from)) / count;
      const frame = frames.find((each) => each.time.number >= wanted);
      if (!frame) continue;
      const source = url("frame", { field, index: frame.index, height: HEIGHT, of });
      const image = make("img", { src: source, alt: "", loading: "lazy", draggable: "false" });
      image.style.left = SHARE(this.place(frame.time.number));
      image.style.width = `${wide}px`;
      shown.push(image);
    }
    this.pictures.replaceChildren(...shown);
  }

  async showSound(field, signal) {
    await until("waveform", { field, count: PEAKS }, signal, ({ done, peaks }) => {
      if (!done || !peaks?.length) return;
      this.sound.hidden = false;
      this.sound.width = peaks.length;
      this.sound.height = 24;
      const pen = this.sound.getContext("2d");
      pen.fillStyle = getComputedStyle(this.root).getPropertyValue("--used");
      peaks.forEach((peak, at) => {
        const high = Math.max(1, peak * 24);
        pen.fillRect(at, 12 - high / 2, 1, high);
      });
    });
  }

  showMarks(cuts, windows, choose) {
    const marks = cuts.map((cut) => {
      const mark = make("i", { class: "cut", title: `Cut at ${seconds(parseTime(cut.time))}` });
      mark.style.left = SHARE(this.place(parseTime(cut.time)));
      return mark;
    });
    const offers = windows.map((each, number) => {
      const label = `Suggestion ${number + 1}: ${seconds(parseTime(each.start))}, score ${each.score}`;
      const offer = make(
        "button",
        { type: "button", class: "offer", title: label, "aria-label": label, onclick: () => choose(each) },
        String(number + 1),
      );
      offer.style.left = SHARE(this.place(parseTime(each.start)));
      return offer;
    });
    this.marks.replaceChildren(...marks, ...offers);
  }

  /** Show the chosen window; `frame` is the time of the frame on the stage. */
  showWindow(start, end, frame) {
    const [first, last] = [this.place(start), this.place(end)];
    this.before.style.left = "0";
    this.before.style.width = SHARE(Math.min(1, Math.max(0, first)));
    this.after.style.left = SHARE(Math.min(1, Math.max(0, last)));
    this.after.style.right = "0";
    const at = this.place(frame);
    this.head.hidden = at < 0 || at > 1;
    this.head.style.left = SHARE(at);
  }
}

function parseTime(text) {
  const [top, bottom = 1] = String(text).split("/");
  return Number(top) / Number(bottom);
}

/** Work that shows something beside; its refusals are shown, an end is not. */
export function beside(work) {
  guarded(work);
}
