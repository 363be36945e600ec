// window.Digest: files digested in a worker, sizes and times as people write them, words of the
// page's language, and drop zones. Pages that take files load this before their own script.
(() => {
  "use strict";
  // The addresses of the worker and its libraries carry the digests of their content.
  const { worker: workerAddress, sha256, sm3: sm3Address } = document.currentScript.dataset;
  const absolute = (address) => new URL(address, document.baseURI).href;

  // Workers are kept: hundreds of small files do not start hundreds of them.
  const MOST_WORKERS = Math.max(1, Math.min(2, (navigator.hardwareConcurrency || 2) - 1));
  const idle = [];
  const queue = [];
  let working = 0;

  const next = () => {
    while (queue.length && working < MOST_WORKERS) run(queue.shift());
  };

  const run = (job) => {
    working += 1;
    const worker = idle.pop() || new Worker(workerAddress);
    const end = (settle, value, reusable) => {
      worker.onmessage = worker.onerror = null;
      if (reusable) idle.push(worker);
      else worker.terminate();
      working -= 1;
      job.stop = () => {};
      settle(value);
      next();
    };
    job.stop = () => end(job.reject, new DOMException("stopped", "AbortError"), false);
    worker.onerror = (event) => end(job.reject, new Error(event.message || "worker"), false);
    worker.onmessage = ({ data }) => {
      if (data.digests) end(job.resolve, data.digests, true);
      else if (data.error) end(job.reject, new Error(data.error), false);
      else job.progress(data.done, data.total);
    };
    const libraries = { sha256: absolute(sha256) };
    if (job.sm3) libraries.sm3 = absolute(sm3Address);
    worker.postMessage({ file: job.file, libraries });
  };

  // Resolves to {sha256, sm3?}; rejects with an Error, whose name is AbortError when stopped.
  const digestFile = (file, { sm3 = false, progress = () => {}, signal } = {}) =>
    new Promise((resolve, reject) => {
      const job = { file, sm3, progress, resolve, reject };
      job.stop = () => {
        const place = queue.indexOf(job);
        if (place >= 0) queue.splice(place, 1);
        reject(new DOMException("stopped", "AbortError"));
      };
      if (signal) signal.addEventListener("abort", () => job.stop(), { once: true });
      queue.push(job);
      next();
    });

  const size = (bytes) => {
    if (bytes < 1024) return `${bytes} B`;
    let value = bytes;
    let unit = "B";
    for (unit of ["KiB", "MiB", "GiB", "TiB"]) {
      value /= 1024;
      if (value < 1023.95) break;
    }
    return `${value.toFixed(1).replace(/\.0$/, "")} ${unit}`;
  };

  const seconds = (count) => {
    const whole = Math.max(1, Math.round(count));
    return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  };

  // The page's own sentences: <script type="application/json" id="words">. %(name)s is filled in.
  const words = () => {
    const block = document.getElementById("words");
    const table = block ? JSON.parse(block.textContent) : {};
    return (name, values = {}) =>
      (table[name] || name).replace(/%\((\w+)\)s/g, (_, key) => String(values[key] ?? ""));
  };

  const announce = (text) => {
    const place = document.getElementById("announce");
    if (place) place.textContent = text;
  };

  const grouped = (hex) => hex.match(/.{1,8}/g).join(" ");

  // A drop anywhere in the zone lands on its file input, which lies over it; this only shows it
  // and keeps a near miss from replacing the page with the file.
  const zones = () => {
    const missed = (event) => {
      if (event.target.closest && event.target.closest("input[type=file]")) return;
      if (event.dataTransfer && [...event.dataTransfer.types].includes("Files")) {
        event.preventDefault();
        if (event.type === "dragover") event.dataTransfer.dropEffect = "none";
      }
    };
    window.addEventListener("dragover", missed);
    window.addEventListener("drop", missed);
    for (const zone of document.querySelectorAll(".drop")) {
      zone.addEventListener("dragenter", () => zone.classList.add("is-over"));
      for (const name of ["dragleave", "drop"]) {
        zone.addEventListener(name, () => zone.classList.remove("is-over"));
      }
    }
  };

  window.Digest = { digestFile, size, seconds, words, announce, grouped };
  zones();
})();
