// The prompt and every other field of the function, each with its limit.

import { find, make } from "./dom.js";
import { chooser, rebuilt } from "./files.js";
import { state } from "./state.js";

//: Fields that have a panel of their own.
const ELSEWHERE = new Set([
  ..."function video_url mask_image_url mask_type mask_frame_id masks".split(" "),
  ..."ref_images_url obj_or_bg".split(" "),
  ..."first_frame_url first_clip_url last_clip_url last_frame_url".split(" "),
  ..."top_scale bottom_scale left_scale right_scale".split(" "),
]);
//: Fields that are shown at once; the others after "More fields".
const FIRST = ["prompt", "negative_prompt", "control_condition", "strength", "size"];

const title = (name) => {
  const words = name.replaceAll("_", " ").replace(/ url$/, "");
  return words[0].toUpperCase() + words.slice(1);
};

const length = (text) => [...text].length;

function text(name, field) {
  const most = field.limit.max_length;
  const counter = make("output", { class: "counter", id: `count-${name}` });
  const area = make("textarea", {
    id: `field-${name}`,
    rows: name === "prompt" ? "4" : "2",
    "aria-describedby": `about-${name} count-${name}`,
    required: field.required,
  });
  area.value = state.job[name] ?? "";
  const count = () => {
    const used = length(area.value);
    counter.textContent = most ? `${used} of ${most}` : String(used);
    counter.classList.toggle("error", Boolean(most) && used > most);
  };
  area.addEventListener("input", () => {
    count();
    state.set({ [name]: area.value || (field.required ? "" : undefined) });
  });
  count();
  return [area, counter];
}

function choice(name, field) {
  const usual = field.default ?? (field.choices.length === 1 ? field.choices[0] : null);
  const none = usual === null ? (field.required ? "Choose…" : "Not set") : `${usual} (default)`;
  const isTruth = field.type === "boolean";
  const choices = isTruth ? [true, false] : field.choices;
  const shown = (value) => (isTruth ? { true: "Yes", false: "No" }[value] : String(value));
  const select = make(
    "select",
    {
      id: `field-${name}`,
      "aria-describedby": `about-${name}`,
      onchange: () => {
        const value = choices.find((each) => String(each) === select.value);
        state.set({ [name]: value });
      },
    },
    make("option", { value: "" }, isTruth && usual !== null ? `${shown(usual)} (default)` : none),
    ...choices.map((value) =>
      make("option", { value: String(value), selected: value === state.job[name] }, shown(value)),
    ),
  );
  return [select];
}

function number(name, field) {
  const { min, max } = field.limit;
  const whole = field.type === "integer";
  const attributes = { id: `field-${name}`, min, max, step: whole ? "1" : "0.01" };
  const input = make("input", {
    ...attributes,
    type: "number",
    inputmode: whole ? "numeric" : "decimal",
    placeholder: field.default ?? "not set",
    "aria-describedby": `about-${name}`,
  });
  input.value = state.job[name] ?? "";
  input.addEventListener("input", () => {
    const value = input.value === "" ? undefined : Number(input.value);
    state.set({ [name]: Number.isFinite(value) ? value : undefined });
  });
  return [input];
}

function control(name, field) {
  if (field.type === "media") {
    const chosen = (file) => {
      state.set({ [name]: file });
      state.measure();
    };
    return chooser({ field: name, label: title(name), value: state.job[name], chosen });
  }
  const isChoice = field.choices.length || field.type === "boolean";
  const make_ = isChoice ? choice : field.type === "string" ? text : number;
  const needed = field.required ? make("span", { class: "needed" }, "needed") : null;
  return make(
    "div",
    { class: `field ${field.type}`, "data-field": name },
    make("label", { for: `field-${name}` }, title(name), " ", needed),
    ...make_(name, field),
    make("p", { class: "about", id: `about-${name}` }, about(field)),
  );
}

const numbers = (text) => (text.match(/\d+(\.\d+)?/g) ?? []).map(Number);

function about(field) {
  const { min, max } = field.limit;
  let text = field.description;
  if (text && !/[.!?]$/.test(text)) text += ".";
  // Some descriptions name the limits themselves.
  const named = [min, max].every((limit) => numbers(text).includes(limit));
  if (min !== undefined && max !== undefined && !named) text += ` From ${min} to ${max}.`;
  return text.trim();
}

function show() {
  const names = Object.keys(state.fields).filter((name) => !ELSEWHERE.has(name));
  const group = (wanted) =>
    names
      .filter((name) => FIRST.includes(name) === wanted)
      .sort((a, b) => (wanted ? FIRST.indexOf(a) - FIRST.indexOf(b) : 0))
      .map((name) => control(name, state.fields[name]));
  rebuilt(find("#first-fields"), group(true));
  rebuilt(find("#more-fields"), group(false));
}

export function startFields() {
  const select = find("#function");
  for (const [name, { description }] of Object.entries(state.functions)) {
    const selected = name === state.job.function;
    select.append(make("option", { value: name, title: description, selected }, title(name)));
  }
  const explain = () => {
    find("#function-about").textContent =
      (state.functions[state.job.function]?.description ?? "").split("\n")[0];
  };
  select.addEventListener("change", () => {
    keepCommonFields(select.value);
    show();
    explain();
    state.measure();
  });
  state.on("media", show);
  show();
  explain();
}

/** Values of fields that the functions so far did not have; they return with a function that does. */
const removed = {};

/** Change the function: a field that it does not have would be refused, so it is taken out. */
function keepCommonFields(name) {
  const known = state.functions[name].fields;
  const values = { function: name };
  for (const [field, value] of Object.entries(state.job)) {
    if (field in known || ["function", "extra", "model"].includes(field)) continue;
    removed[field] = value;
    values[field] = undefined;
  }
  for (const [field, value] of Object.entries(removed)) {
    if (field in known && !(field in state.job)) values[field] = value;
  }
  const video = state.job.video_url;
  if (name === "video_extension" && video && !state.job.first_clip_url) {
    // The video is what is extended; it may be chosen as the guide, too.
    removed.video_url = video;
    values.first_clip_url ??= video;
    values.video_url = undefined;
  }
  const most = known.ref_images_url?.limit.max_items;
  const given = values.ref_images_url ?? state.job.ref_images_url;
  if (most && Array.isArray(given) && given.length > most) {
    values.ref_images_url = given.slice(0, most);
    values.obj_or_bg = (values.obj_or_bg ?? state.job.obj_or_bg)?.slice(0, most);
  }
  state.set(values);
}
