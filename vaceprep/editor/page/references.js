// Reference images with their labels, the timeline of an extension, and the video of the job.

import { url } from "./api.js";
import { find, make } from "./dom.js";
import { chooser, rebuilt } from "./files.js";
import { state } from "./state.js";

const LABELS = { obj: "A thing or a person", bg: "The background" };
const GIVEN = {
  first_frame_url: "First frame",
  first_clip_url: "First clip",
  last_clip_url: "Last clip",
  last_frame_url: "Last frame",
};
const HEIGHT = 90;
let uploads = 0;

function thumbnail(field, about) {
  const facts = state.media[field];
  if (!facts || facts.error) {
    return facts ? make("p", { class: "error" }, facts.error) : make("div", { class: "empty" });
  }
  const source = url("frame", { field, index: 0, height: HEIGHT, of: facts.source });
  return make("img", { src: source, alt: about, height: HEIGHT });
}

// --- references ----------------------------------------------------------------------------

function images() {
  const given = state.job.ref_images_url;
  return Array.isArray(given) ? given : [];
}

function labels() {
  const given = Array.isArray(state.job.obj_or_bg) ? state.job.obj_or_bg : [];
  return images().map((_, at) => given[at] ?? "obj");
}

function store(names, kinds) {
  const has = names.length > 0;
  state.set({ ref_images_url: has ? names : undefined, obj_or_bg: has ? kinds : undefined });
  state.measure();
}

function reference(at) {
  const names = images();
  const kinds = labels();
  const change = (name) => {
    if (name) names[at] = name;
    else {
      names.splice(at, 1);
      kinds.splice(at, 1);
    }
    store(names, kinds);
  };
  const label = make(
    "select",
    {
      "aria-label": `What image ${at + 1} shows`,
      onchange: () => {
        kinds[at] = label.value;
        store(names, kinds);
      },
    },
    ...Object.entries(LABELS).map(([value, text]) =>
      make("option", { value, selected: value === kinds[at] }, text),
    ),
  );
  return make(
    "li",
    { class: "reference" },
    thumbnail(`/ref_images_url/${at}`, `Reference image ${at + 1}: ${names[at]}`),
    make("p", { class: "name" }, names[at]),
    label,
    make("button", { type: "button", onclick: () => change(undefined) }, `Remove image ${at + 1}`),
  );
}

function showReferences() {
  const shown = state.has("ref_images_url");
  find("#references").hidden = !shown;
  if (!shown) return;
  const most = state.fields.ref_images_url.limit.max_items ?? 1;
  const names = images();
  const list = names.map((_, at) => reference(at));
  const add = (name) => name && store([...names, name], [...labels(), "obj"]);
  const more =
    names.length < most
      ? chooser({
          field: "ref_images_url",
          label: names.length ? "Add another image" : "Add an image",
          chosen: add,
          none: "Choose…",
          number: (uploads += 1),
        })
      : null;
  rebuilt(find("#reference-list"), list);
  rebuilt(find("#reference-add"), more ? [more] : []);
  find("#reference-note").textContent = `${names.length} of at most ${most}.`;
}

// --- extension -----------------------------------------------------------------------------

function showGiven() {
  const shown = state.has("first_clip_url");
  find("#given").hidden = !shown;
  if (!shown) return;
  const cards = Object.entries(GIVEN).map(([field, label]) =>
    make(
      "li",
      { class: "reference" },
      thumbnail(field, `${label}: ${state.job[field]}`),
      chooser({ field, label, value: state.job[field], chosen: (name) => setMedium(field, name) }),
    ),
  );
  rebuilt(find("#given-list"), cards);
  const whole = Number(state.limits.seconds);
  const length = (field) => {
    const facts = state.media[field];
    const most = Number(state.limits.clip_seconds);
    return state.job[field] && facts?.duration ? Math.min(most, facts.duration) : 0;
  };
  const [first, last] = [length("first_clip_url"), length("last_clip_url")];
  const parts = [
    ["given", first, "first clip"],
    ["new", Math.max(0, whole - first - last), "new"],
    ["given", last, "last clip"],
  ].filter(([, part]) => part > 0);
  find("#given-bar").replaceChildren(
    ...parts.map(([kind, part, text]) => {
      const element = make("span", { class: kind }, `${part.toFixed(2).replace(/\.?0+$/, "")} s ${text}`);
      element.style.flexGrow = part;
      return element;
    }),
  );
}

function setMedium(field, name) {
  state.set({ [field]: name });
  state.measure();
}

// --- the video -----------------------------------------------------------------------------

function showVideo() {
  const shown = state.has("video_url");
  find("#video").hidden = !shown;
  if (!shown) return;
  const label = state.fields.video_url.required ? "Video" : "Video that guides the motion";
  const chosen = (name) => {
    // The window and the mask belong to the video before.
    state.window = { start: "0", duration: null };
    state.set({ video_url: name, mask_image_url: undefined, mask_frame_id: undefined });
    state.measure();
  };
  const value = state.job.video_url;
  const control = chooser({ field: "video_url", label, value, chosen, none: "Choose a file…" });
  const error = state.media.video_url?.error;
  rebuilt(find("#video"), [control, ...(error ? [make("p", { class: "error" }, error)] : [])]);
}

export function startReferences() {
  const show = () => {
    showVideo();
    showReferences();
    showGiven();
  };
  state.on("job media", show);
  show();
}
