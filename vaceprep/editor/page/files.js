// Files for the job's fields: one of the folder, or an upload.

import { post } from "./api.js";
import { find, guarded, make } from "./dom.js";
import { state } from "./state.js";

export const kindOf = (field) => (/clip|video/.test(field) ? "video" : "image");

/** Send a file of this computer into the session; returns its name in the job. */
export async function upload(field, file, number) {
  const found = await guarded(() => post("upload", { field, number }, file));
  return found?.name;
}

let numbers = 0;

/**
 * A control that chooses a file of the folder or uploads one.
 * `chosen(name)` gets the name, or undefined for none.
 */
export function chooser({ field, label, value, chosen, none = "None", number = 1 }) {
  const kind = kindOf(field);
  const id = `file-${(numbers += 1)}`;
  const names = state.files.filter((each) => each.kind === kind).map((each) => each.name);
  if (value && !names.includes(value)) names.unshift(value);
  const select = make(
    "select",
    { id, onchange: () => chosen(select.value || undefined) },
    make("option", { value: "" }, none),
    ...names.map((name) => make("option", { value: name, selected: name === value }, name)),
  );
  const controls = [make("label", { for: id }, label), select];
  if (kind === "image") {
    const input = make("input", {
      type: "file",
      accept: "image/*",
      "aria-label": `${label}: upload a picture`,
      onchange: async () => {
        const [file] = input.files;
        const name = file && (await upload(field, file, number));
        if (name) chosen(name);
      },
    });
    controls.push(make("span", { class: "button upload" }, "Upload…", input));
  }
  return make("div", { class: "chooser", "data-field": field }, ...controls);
}

/** Keep the focus on the control that rebuilds its own panel. */
export function rebuilt(root, children) {
  const active = document.activeElement;
  const field = root.contains(active) && active.closest("[data-field]")?.dataset.field;
  const { tagName } = active ?? {};
  root.replaceChildren(...children);
  if (!field) return;
  find(`[data-field="${field}"] ${tagName.toLowerCase()}`, root)?.focus();
}
