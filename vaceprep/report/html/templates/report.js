(() => {
  "use strict";
  const form = document.getElementById("filter");
  if (!form) return;
  const field = (id) => document.getElementById(id);
  const entries = Array.from(document.querySelectorAll("article.entry"), (node) => ({
    node,
    text: ["header", ".findings", ".edits", ".error-text", ".output"]
      .map((part) => node.querySelector(part)?.textContent ?? "").join(" ").toLowerCase(),
    pairs: node.dataset.pairs.split(" ").filter(Boolean),
    none: node.dataset.severities === "none",
    status: node.dataset.status,
  }));
  const value = (id) => field(id)?.value ?? "";
  const show = () => {
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const severity = value("severity"), rule = value("rule"), status = value("status");
    let count = 0;
    for (const entry of entries) {
      const found = severity === "none" ? entry.none && !rule
        : (!severity && !rule) || entry.pairs.some((pair) => {
          const [slug, grade] = pair.split(":");
          return (!rule || slug === rule) && (!severity || grade === severity);
        });
      const shown = found && (!status || entry.status === status)
        && words.every((word) => entry.text.includes(word));
      entry.node.hidden = !shown;
      count += shown;
    }
    for (const job of document.querySelectorAll("section.job"))
      job.hidden = !job.querySelector("article.entry:not([hidden])");
    field("shown").textContent = `${count} of ${entries.length} shown`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  form.hidden = false;
})();
