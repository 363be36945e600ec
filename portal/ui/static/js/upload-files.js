// window.Chosen: the files somebody chose or dragged here, folders with everything in them.
(() => {
  "use strict";

  const entryFile = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

  const entriesIn = async (folder) => {
    const reader = folder.createReader();
    const found = [];
    for (;;) {
      // Browsers hand a folder out in portions, and say with an empty one that it was the last.
      const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!portion.length) return found;
      found.push(...portion);
    }
  };

  // Every file below the entries, as {file, path}; what cannot be read is told in `unreadable`.
  const walk = async (entries) => {
    const files = [];
    const unreadable = [];
    const waiting = [...entries];
    while (waiting.length) {
      const entry = waiting.shift();
      try {
        if (entry.isDirectory) waiting.unshift(...await entriesIn(entry));
        else files.push({ file: await entryFile(entry), path: entry.fullPath.replace(/^\/+/, "") });
      } catch {
        unreadable.push(entry.fullPath);
      }
    }
    return { files, unreadable };
  };

  // Must be called while the drop event lasts: its items are empty afterwards.
  const dropped = (transfer) => {
    const items = [...transfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (entries.length && entries.every(Boolean)) return walk(entries);
    return Promise.resolve({ files: picked(transfer.files), unreadable: [] });
  };

  const picked = (list) =>
    [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

  window.Chosen = { dropped, picked };
})();
