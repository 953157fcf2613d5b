// Out: save, copy the command, rehearse in the sandbox, send to the service, and the result.

import { get, post, url } from "./api.js";
import { find, guarded, make, say } from "./dom.js";
import { state } from "./state.js";
import { money } from "./verdict.js";

const POLL = 400;
//: Milliseconds for which a button shows what came of pressing it.
const ANSWER = 2000;
const STEPS = {
  prepare: "Prepare the files",
  upload: "Upload them",
  queue: "Wait for a turn",
  send: "Send the job",
  wait: "The model works",
  download: "Download the video",
};
const REHEARSED =
  "Rehearsed: made by the local stand-in, not by the model. It shows which pixels are replaced, and " +
  "does not follow the prompt.";

let running = null;

async function save() {
  await guarded(async () => {
    await state.settle();
    const force = state.saveAgain === true;
    const found = await post("save", {}, { force }).catch((error) => {
      state.saveAgain = error.status === 409;
      throw error;
    });
    state.saveAgain = false;
    state.saved = true;
    find("#saved").textContent = [`Saved: ${found.path}.`, ...(found.notes ?? [])].join(" ");
    find("#command").textContent = found.command;
    say(`Saved: ${found.path}.`);
    answer(find("#save"), "Saved");
  });
}

/** Show for a moment on a button what came of pressing it. */
function answer(button, text) {
  button.dataset.text ??= button.textContent;
  button.textContent = text;
  setTimeout(() => (button.textContent = button.dataset.text), ANSWER);
}

async function copy() {
  const text = find("#command").textContent;
  const button = find("#copy");
  try {
    await navigator.clipboard.writeText(text);
    answer(button, "Copied");
  } catch {
    getSelection().selectAllChildren(find("#command"));
    answer(button, "Marked: press Ctrl-C");
  }
}

async function rehearse() {
  await guarded(async () => {
    await state.settle();
    const { id } = await post("rehearse", {}, {});
    await follow(id, "Rehearsal");
  });
}

async function ask() {
  await guarded(async () => {
    await state.settle();
    const cost = state.verdict?.cost;
    if (!state.verdict?.ok || !cost) throw new Error("The job is not ready: see the findings.");
    find("#send-text").textContent =
      `The job is saved and sent to the service. It costs ${money(cost)} if it succeeds.`;
    const dialog = find("#send-dialog");
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "send") return;
    dialog.returnValue = "";
    const { id } = await post("send", {}, { cost: cost.usd ?? cost.most_usd });
    // The server saves the job before it sends it.
    state.saved = true;
    await follow(id, "Run");
  });
}

/** Show how far a run is until it ends. */
async function follow(id, title) {
  running = id;
  const section = find("#run");
  section.hidden = false;
  find("#run h2").textContent = title;
  find("#result").hidden = true;
  find("#run-state").textContent = "Started";
  section.scrollIntoView({ block: "nearest" });
  enable();
  try {
    for (;;) {
      const run = await get("run", { id });
      showRun(run);
      if (run.state !== "running") break;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  } finally {
    running = null;
    enable();
  }
}

function showRun(run) {
  const bar = find("#run-bar");
  bar.value = run.share;
  bar.textContent = `${Math.round(100 * run.share)} %`;
  const names = Object.keys(STEPS);
  const last = run.steps.map(({ name }) => name).sort((a, b) => names.indexOf(a) - names.indexOf(b)).at(-1);
  find("#run-steps").replaceChildren(
    ...Object.entries(STEPS).map(([name, text]) => {
      const now = run.state !== "done" && name === last;
      const done = run.state === "done" || names.indexOf(name) < names.indexOf(last);
      return make("li", { class: now ? "now" : done ? "done" : "", "aria-current": now && "step" }, text);
    }),
  );
  const failed = run.state === "failed";
  const words = { running: STEPS[last] ?? "Started", done: "Finished", failed: run.error };
  find("#run-state").textContent = [words[run.state], failed && run.hint].filter(Boolean).join(". ");
  find("#run-notes").replaceChildren(...(run.notes ?? []).map((note) => make("li", {}, note)));
  find("#run-state").classList.toggle("error", failed);
  find("#stop").hidden = run.state !== "running";
  if (run.video) showResult(run);
}

function showResult(run) {
  const result = find("#result");
  if (!result.hidden) return;
  result.hidden = false;
  find("#result-video").src = run.video;
  const source = find("#result-source");
  source.closest("figure").hidden = !state.video;
  if (state.video) {
    const { start, duration } = state.window;
    source.src = url("clip", { field: "video_url", start, duration });
  }
  find("#result-path").textContent = run.kind === "send" ? `Saved as ${run.path}.` : REHEARSED;
  say("The result is on the page.");
  result.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function playBoth() {
  for (const video of [find("#result-source"), find("#result-video")]) {
    if (video.closest("figure").hidden) continue;
    video.currentTime = 0;
    guarded(() => video.play());
  }
}

async function quit() {
  const sure = state.saved !== false || confirm("Changes that are not saved are lost. End all the same?");
  if (!sure) return;
  await guarded(() => post("quit", {}, {}));
  state.saved = true;
  document.body.replaceChildren(
    make("main", { class: "ended" }, make("h1", {}, "vaceprep edit has ended"), make("p", {}, "You can close this page.")),
  );
}

function enable() {
  find("#rehearse").disabled = running !== null || state.verdict?.ok === false;
  find("#send").disabled = running !== null || !state.verdict?.ok;
}

export function startRun() {
  const buttons = { save, copy, rehearse, send: ask, quit, "play-both": playBoth };
  for (const [id, work] of Object.entries(buttons)) find(`#${id}`).addEventListener("click", work);
  find("#stop").addEventListener("click", () => guarded(() => post("stop", { id: running }, {})));
  find("#send").hidden = !state.allow_send;
  find("#send-off").hidden = state.allow_send;
  state.on("verdict", enable);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    save();
  });
  addEventListener("beforeunload", (event) => {
    if (state.saved === false) event.preventDefault();
  });
  enable();
}
