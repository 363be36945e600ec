// window.FileRows: the list of chosen files, redrawn only where something changed.
(() => {
  "use strict";
  const size = (bytes) => window.Digest.size(bytes);
  // More rows than anybody reads would only slow the page down.
  const MOST = 500;

  const make = (tag, name, text = "") => {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  };

  window.FileRows = ({ place, more, say, remove }) => {
    const rows = new Map();
    const touched = new Set();

    const build = (item) => {
      const row = make("li", "file-line");
      const button = make("button", "btn btn-sm btn-ghost-secondary file-tool", "×");
      button.type = "button";
      button.title = say("remove");
      button.setAttribute("aria-label", `${say("remove")} ${item.path}`);
      button.addEventListener("click", () => remove(item));
      const path = document.createElement("bdi");
      path.className = "file-path";
      path.textContent = item.path;
      const state = make("span", "file-digests");
      row.append(make("span", "file-number"), path, make("span", "file-size", size(item.size)), state, button);
      place.append(row);
      rows.set(item, { row, state });
      return rows.get(item);
    };

    const sentence = (item, limit, uploading) => {
      if (uploading && item.size > limit) return ["text-bad", say("row-large")];
      if (item.error && item.state === "failed") return ["text-bad", say(item.error.message)];
      if (item.state === "missing") return ["text-wait", say("row-missing", { share: item.size ? Math.floor((100 * item.sent) / item.size) : 0 })];
      if (item.state === "done") return ["text-good", say(item.stays ? "row-noted" : "row-done")];
      if (item.state === "uploading") return ["", `${size(item.sent)} / ${size(item.size)}`];
      if (item.state === "retrying") return ["text-wait", say("retrying")];
      if (item.state === "comparing") return ["", say("row-comparing")];
      return ["", item.digests ? `SHA-256 ${item.digests.sha256.slice(0, 16)}…` : say("row-digesting")];
    };

    const draw = (item, limit, uploading) => {
      if (!rows.has(item) && rows.size >= MOST) return;
      const { row, state } = rows.get(item) || build(item);
      const [kind, text] = sentence(item, limit, uploading);
      if (state.textContent !== text) state.textContent = text;
      state.className = `file-digests ${kind}`;
      row.classList.toggle("file-line-waits", item.state !== "done");
    };

    const drop = (item) => {
      touched.delete(item);
      if (!rows.has(item)) return;
      rows.get(item).row.remove();
      rows.delete(item);
    };

    return {
      changed: (item) => (item.removed ? drop(item) : touched.add(item)),
      drop,
      flush: (limit, uploading) => {
        for (const item of touched) draw(item, limit, uploading);
        if (touched.size) more.textContent = rows.size >= MOST ? say("rows-more", { count: MOST }) : "";
        touched.clear();
      },
      redraw: (items) => items.forEach((item) => touched.add(item)),
    };
  };
})();
