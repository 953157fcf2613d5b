// Presentation times of the frames of one video, asked for as they are needed.

import { get } from "./api.js";
import { Fraction } from "./fraction.js";

//: Seconds of one request.
const BLOCK = 20;

export class Times {
  constructor(field, facts) {
    this.field = field;
    this.frames = facts.frames;
    this.end = Fraction.parse(facts.duration_exact ?? facts.duration);
    this.blocks = new Map();
  }

  block(number) {
    if (!this.blocks.has(number)) {
      const asked = get("frames", {
        field: this.field,
        from: number * BLOCK,
        to: (number + 1) * BLOCK,
      }).then((found) =>
        found.times.map((time, index) => ({
          index: found.first + index,
          time: Fraction.parse(time),
        })),
      );
      asked.catch(() => this.blocks.delete(number));
      this.blocks.set(number, asked);
    }
    return this.blocks.get(number);
  }

  /** The frames from the block of one time to that of another, in order. */
  async around(from, to) {
    const found = [];
    const last = Math.floor(Math.max(0, Math.min(to, this.end.number)) / BLOCK);
    for (let number = Math.floor(Math.max(0, from) / BLOCK); number <= last; number++) {
      found.push(...(await this.block(number)));
    }
    return found;
  }

  get stop() {
    return { index: this.frames, time: this.end };
  }

  /** The frame whose beginning is nearest; with `ends`, the end of the video counts as one. */
  async near(seconds, ends = false) {
    const frames = await this.around(seconds - 1, seconds + 1);
    if (ends) frames.push(this.stop);
    let best = frames[0] ?? this.stop;
    for (const frame of frames) {
      if (Math.abs(frame.time.number - seconds) < Math.abs(best.time.number - seconds)) best = frame;
    }
    return best;
  }

  /** The last beginning of a frame, or end of the video, at or before an exact time. */
  async upTo(time) {
    if (time.compare(this.end) >= 0) return this.stop;
    const frames = await this.around(time.number - BLOCK, time.number);
    return frames.findLast((frame) => frame.time.compare(time) <= 0) ?? this.stop;
  }

  /** A frame by its number, near a time where it is looked for first. */
  async at(index, guess) {
    if (index >= this.frames) return this.stop;
    const wanted = Math.max(0, index);
    const average = this.end.number / this.frames;
    const seconds = guess ?? wanted * average;
    for (let reach = 1; ; reach *= 4) {
      const frames = await this.around(seconds - reach, seconds + reach);
      const frame = frames.find((each) => each.index === wanted);
      if (frame) return frame;
      if (reach > this.end.number) return this.stop;
    }
  }
}
