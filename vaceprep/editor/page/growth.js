// What the service makes of a tracking mask before it replaces anything: it grows.

const SHAPES = {
  hull: "to the convex shape around all that is painted",
  bbox: "to the rectangle around all that is painted",
};

/** How the service grows the mask of this job, in a sentence; empty if it leaves it as it is. */
export function growth(job, fields) {
  const value = (name) => job[name] ?? fields[name]?.default;
  const ratio = Number(value("expand_ratio"));
  const ways = [SHAPES[value("expand_mode")], ratio > 0 && `outwards by ${+(100 * ratio).toFixed(1)} %`];
  const text = ways.filter(Boolean).join(" and ");
  return text && `The service enlarges a mask that follows: ${text}.`;
}

/** Whether the mask loses its outline. */
export const losesOutline = (job, fields) => (job.expand_mode ?? fields.expand_mode?.default) in SHAPES;
