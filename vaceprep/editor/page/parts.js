// A video longer than the limit in parts, as run --split makes them, and the mask of each part.

import { find, make } from "./dom.js";
import { seconds } from "./fraction.js";
import { mask } from "./mask.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { windowPanel } from "./window.js";

const FUNCTIONS = ["video_repainting", "video_edit", "video_outpainting"];
const POLL = 700;

const number = (text) => {
  const [top, bottom = 1] = String(text).split("/");
  return Number(top) / Number(bottom);
};

function available() {
  const long = (state.video?.duration ?? 0) > Number(state.limits.seconds);
  return long && FUNCTIONS.includes(state.job.function);
}

async function choose(wanted) {
  const others = { ...state.options };
  delete others.split;
  state.options = wanted ? { ...others, split: true } : others;
  if (!wanted && state.job.masks) state.set({ masks: undefined });
  await windowPanel.whole(wanted);
  mask.changePart();
}

function button(part, at, parts) {
  // Parts may overlap: the first frame that is not in the part before, too.
  const own = Math.max(part.first, at ? parts[at - 1].last + 1 : 0);
  const needs = mask.byParts;
  const given = part.mask ? `mask on frame ${part.mask.frame}` : "no mask yet";
  const text = `${part.index}: ${seconds(number(part.start), 2)} to ${seconds(number(part.end), 2)}`;
  const here = stage.frame >= own && stage.frame <= part.last;
  return make(
    "li",
    {},
    make(
      "button",
      {
        type: "button",
        "aria-pressed": String(here),
        onclick: () => windowPanel.go(part.mask ? part.mask.frame - 1 : own),
      },
      needs ? `${text}, ${given}` : text,
    ),
  );
}

function show() {
  const offered = available();
  find("#split-choice").hidden = !offered;
  if (!offered && state.options.split) choose(false);
  const split = Boolean(state.options.split);
  find("#split").checked = split;
  const found = split ? state.verdict?.parts : null;
  find("#parts").hidden = !found;
  if (!found) return;
  find("#parts-list").replaceChildren(...found.parts.map(button));
  const count = found.parts.length;
  find("#parts-note").textContent = !found.done
    ? `Looking for cuts first: ${Math.round(100 * found.share)} %`
    : (found.error ?? `${count} parts; choose one to see it and to paint its mask.`);
}

export function startParts() {
  find("#split").addEventListener("change", (event) => choose(event.target.checked));
  state.on("job media", show);
  state.on("verdict", () => {
    show();
    mask.changePart();
    if (state.options.split && state.verdict.parts && !state.verdict.parts.done) {
      setTimeout(() => state.check(), POLL);
    }
  });
  stage.addEventListener("frame", show);
  show();
}
