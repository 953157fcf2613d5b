// What the commands say of the job: findings, plan, what the model sees, cost and command.

import { find, make, say } from "./dom.js";
import { seconds } from "./fraction.js";
import { state } from "./state.js";

const ORDER = ["error", "warning", "advice"];
const WORDS = { error: ["error", "errors"], warning: ["warning", "warnings"], advice: ["hint", "hints"] };

const counted = (count, [one, many]) => `${count} ${count === 1 ? one : many}`;

export function money(cost) {
  if (!cost) return "";
  const usd = cost.usd ?? cost.most_usd;
  const atMost = cost.usd === null || cost.usd === undefined ? "at most " : "";
  return usd === null || usd === undefined ? "" : `${atMost}${Number(usd).toFixed(2)} USD`;
}

/** One sentence for the state of the job. */
export function summary(verdict) {
  const errors = verdict.findings.filter(({ severity }) => severity === "error").length;
  if (!verdict.ok) {
    const [first, ...more] = reasons(verdict);
    const others = more.length ? ` (and ${more.length} more)` : "";
    return `Not ready: ${first ?? counted(errors, WORDS.error)}${others}`;
  }
  const count = edits(verdict).length;
  const changes = count ? `, with ${counted(count, ["change", "changes"])} before it is sent` : "";
  return `Ready${changes}`;
}

/** What stays refused even after the planned changes. */
function reasons(verdict) {
  const { parts } = verdict;
  if (parts) return [parts.error ?? "looking for cuts, to divide the video"];
  const found = [];
  for (const entry of verdict.plan) {
    if (entry.error) found.push(entry.error);
    for (const finding of entry.remaining ?? []) {
      if (finding.severity === "error") found.push(message(finding));
    }
  }
  if (found.length) return found;
  const errors = verdict.findings.filter((each) => each.severity === "error");
  const lasting = errors.filter((each) => !each.fix);
  return (lasting.length ? lasting : errors).map(message);
}

/** The message of a finding, with what the page offers in place of fields of the job. */
function message(each) {
  const noMask = each.rule === "mask-choice" && each.message.startsWith("there is no mask;");
  return noMask ? "there is no mask: paint what is replaced, or load a mask" : each.message;
}

const edits = (verdict) => verdict.plan.flatMap((entry) => entry.plan ?? []);

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

const named = (role) => role.replace(/_url$/, "").replaceAll("_", " ");

function finding(each) {
  const fixed = each.severity === "error" && Boolean(each.fix);
  const where = each.role ?? "";
  return make(
    "li",
    { class: fixed ? "fixed" : each.severity },
    make("span", { class: "badge" }, fixed ? "is fixed" : WORDS[each.severity][0]),
    make("p", {}, where ? `${named(where)}: ` : "", message(each), "."),
    make("p", { class: "about" }, each.fix ? `Fix: ${each.fix}. ` : "", make("code", {}, `${each.code} ${each.rule}`)),
  );
}

function showFindings(verdict) {
  const list = [...verdict.findings].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || Boolean(a.fix) - Boolean(b.fix),
  );
  const serious = list.filter((each) => each.severity !== "advice");
  const hints = list.filter((each) => each.severity === "advice");
  find("#findings").replaceChildren(...serious.map(finding));
  find("#hints-list").replaceChildren(...hints.map(finding));
  find("#hints").hidden = !hints.length;
  find("#hints summary").textContent = counted(hints.length, WORDS.advice);
  find("#no-findings").hidden = serious.length > 0;
}

function showPlan(verdict) {
  const entries = verdict.plan.filter((entry) => entry.plan?.length || entry.error);
  find("#plan").replaceChildren(
    ...entries.flatMap((entry) => {
      const name = String(entry.source).split(/[\\/]/).at(-1);
      const error = entry.error ? [make("li", { class: "error" }, make("p", {}, entry.error))] : [];
      return [
        ...error,
        ...(entry.plan ?? []).map((edit) =>
          make("li", {}, make("p", {}, `${name}: `, make("b", {}, edit.edit), ` ${edit.detail}.`)),
        ),
      ];
    }),
  );
  find("#no-plan").hidden = entries.length > 0;
  find("#no-plan").textContent = verdict.ok
    ? "Nothing needs to change."
    : "The plan appears once the errors that only you can fix are gone.";
}

function showModel(verdict) {
  const model = verdict.model;
  find("#model").hidden = !model;
  if (!model) return;
  const lines = (model.files ?? []).map((file) => {
    const of = file.used?.length > 1 ? `${file.used.length} frames, ` : "";
    return make("li", {}, `${file.role ? named(file.role) : file.source}: ${of}${file.width}x${file.height}`);
  });
  const notes = (Array.isArray(model.notes) ? model.notes : Object.values(model.notes ?? {})).flat();
  lines.push(...notes.map((note) => make("li", {}, sentence(String(note)))));
  find("#model-list").replaceChildren(...lines);
  drawUsed(model.files?.find((file) => file.role === "video_url" && file.used?.length));
}

/** The frames that the model takes, as lines over the chosen part. */
function drawUsed(file) {
  const canvas = find("#used");
  canvas.hidden = !file;
  if (!file) return;
  const last = Math.max(...file.used) + 1;
  canvas.width = 600;
  canvas.height = 16;
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(canvas).getPropertyValue("--used");
  for (const index of file.used) pen.fillRect((index * 600) / last, 0, Math.max(1, 600 / last - 1), 16);
  canvas.setAttribute("aria-label", `The model takes ${file.used.length} frames of the part.`);
}

function show() {
  const { verdict } = state;
  const text = summary(verdict);
  const cost = money(verdict.cost);
  const bar = find("#status");
  bar.textContent = text;
  bar.dataset.ok = verdict.ok;
  find("#cost").textContent = cost;
  find("#cost-about").textContent = verdict.cost
    ? `${seconds(verdict.cost.seconds ?? verdict.cost.most_seconds, 2)} of output, ${cost}; only success is billed. A rehearsal is free.`
    : "";
  find("#command").textContent = verdict.command ?? "";
  showFindings(verdict);
  showPlan(verdict);
  showModel(verdict);
  document.body.dataset.busy = "false";
  say(cost ? `${text}. Cost: ${cost}.` : `${text}.`);
}

export function startVerdict() {
  state.on("verdict", show);
  state.on("unanswered", () => (document.body.dataset.busy = "false"));
  state.on("changed", () => (document.body.dataset.busy = "true"));
}
