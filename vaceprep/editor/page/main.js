// Starts the page: one state, a panel for each matter.

import { complain, find, guarded } from "./dom.js";
import { startFields } from "./fields.js";
import { mask } from "./mask.js";
import { outpaint } from "./outpaint.js";
import { overlay } from "./overlay.js";
import { startParts } from "./parts.js";
import { startPointer } from "./pointer.js";
import { startReferences } from "./references.js";
import { startRun } from "./run.js";
import { stage } from "./stage.js";
import { state } from "./state.js";
import { startVerdict } from "./verdict.js";
import { windowPanel } from "./window.js";

let shown = null;

/** Show the video that the job names now, if it is another one. */
async function showVideo() {
  const facts = state.video;
  find("#picture").hidden = !facts;
  document.body.dataset.function = state.job.function;
  find("#picture-title").textContent =
    { video_edit: "Paint what is replaced", video_outpainting: "Drag the sides outwards" }[
      state.job.function
    ] ?? "Look at the frames";
  if (facts?.source !== shown) {
    shown = facts?.source ?? null;
    stage.pause();
    stage.setVideo(facts);
    await windowPanel.open(facts);
  }
  if (facts) await mask.open(state.has("mask_image_url") || mask.bitmap ? facts : null);
  outpaint.refresh();
}

async function start() {
  await state.load();
  find("#path").textContent = state.path;
  document.title = `${state.path} · vaceprep edit`;
  stage.start();
  overlay.start();
  mask.start();
  outpaint.start();
  windowPanel.start();
  startPointer();
  startReferences();
  startFields();
  startVerdict();
  startParts();
  startRun();
  for (const [id, work] of [["zoom-in", "zoomIn"], ["zoom-out", "zoomOut"], ["zoom-fit", "fit"]]) {
    find(`#${id}`).addEventListener("click", () => {
      stage[work]();
      outpaint.place();
    });
  }
  state.on("media job", () => guarded(showVideo));
  document.body.dataset.ready = "true";
  await showVideo();
  await state.check();
}

start().catch((error) => {
  console.error(error);
  complain(error.message);
});
