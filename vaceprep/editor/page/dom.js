// Elements of the page.

export function find(selector, within = document) {
  return within.querySelector(selector);
}

/** An element; `on...` are listeners, other names attributes, true an attribute without a value. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Run at most once in so many milliseconds after the last call; `now()` runs what waits. */
export function later(milliseconds, work) {
  let timer = null;
  const run = () => {
    timer = null;
    return work();
  };
  const schedule = () => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
  schedule.now = async () => {
    if (timer === null) return;
    clearTimeout(timer);
    await run();
  };
  return schedule;
}

/** Runs asynchronous work one at a time; of the calls that wait, only the last runs. */
export function latest(work) {
  let running = null;
  let next = null;
  const run = async () => {
    try {
      while (next) {
        const now = next;
        next = null;
        await work(...now);
      }
    } finally {
      running = null;
    }
  };
  const call = (...values) => {
    next = values;
    running ??= run();
    return running;
  };
  /** Wait until nothing runs. */
  call.idle = async () => {
    while (running) await running;
  };
  return call;
}

/** Whether a key press belongs to a field that takes text or arrows itself. */
export function types(event) {
  const target = event.target;
  if (target.closest?.("dialog")) return true;
  if (target.matches?.("textarea, select, [contenteditable]")) return true;
  return target.matches?.("input") && !["checkbox", "radio", "range", "file"].includes(target.type);
}

const problem = () => find("#problem");

/** Show a sentence about what failed; an empty one removes it. */
export function complain(sentence) {
  problem().textContent = sentence;
  problem().hidden = !sentence;
}

/** Run work and show its refusal; returns undefined then, and once the page has ended. */
export async function guarded(work) {
  if (!problem()) return undefined;
  try {
    complain("");
    return await work();
  } catch (error) {
    if (error.name === "AbortError" || !problem()) return undefined;
    complain(error.message);
    if (error.status === undefined) console.error(error);
    return undefined;
  }
}

/** Say something to screen readers. */
export function say(sentence) {
  const region = find("#said");
  if (region.textContent !== sentence) region.textContent = sentence;
}
