// Verification of a file: digested here, only the digest is asked about.
(() => {
  "use strict";
  const { digestFile, size, announce } = window.Digest;
  const zone = document.getElementById("verify-zone");
  if (zone) {
    const { address, number, digesting, asking, unreadable, unreachable } = zone.dataset;
    const input = zone.querySelector("#verify-file");
    const busy = zone.querySelector("#verify-busy");
    const bar = zone.querySelector("#verify-progress");
    const line = zone.querySelector("#verify-line");
    const answer = zone.querySelector("#verify-answer");
    let current = null;

    const tell = (sentence) => {
      const box = document.createElement("div");
      box.className = "alert alert-danger";
      box.setAttribute("role", "alert");
      box.textContent = sentence;
      answer.replaceChildren(box);
    };

    const ask = async (sha256, signal) => {
      const query = new URLSearchParams({ sha256 });
      if (number) query.set("n", number);
      const reply = await fetch(`${address}?${query}`, {
        headers: { "X-Fragment": "1" }, credentials: "same-origin", signal,
      });
      const type = reply.headers.get("Content-Type") || "";
      if (reply.status >= 500 || !type.startsWith("text/html") || !reply.headers.get("X-Fragment")) {
        throw new Error(unreachable);
      }
      answer.innerHTML = await reply.text();
      answer.focus();
    };

    const verify = async (file) => {
      if (current) current.abort();
      current = new AbortController();
      const { signal } = current;
      answer.replaceChildren();
      zone.querySelector("#verify-name").textContent = file.name;
      zone.querySelector("#verify-size").textContent = size(file.size);
      bar.max = Math.max(file.size, 1);
      bar.value = 0;
      line.textContent = digesting;
      busy.hidden = false;
      announce(digesting);
      try {
        const { sha256 } = await digestFile(file, {
          signal,
          progress: (done, total) => {
            bar.value = done;
            line.textContent = `${digesting} ${size(done)} / ${size(total)}`;
          },
        }).catch((error) => {
          throw error.name === "AbortError" ? error : new Error(unreadable);
        });
        bar.value = bar.max;
        line.textContent = asking;
        await ask(sha256, signal);
        line.textContent = `SHA-256 ${sha256}`;
      } catch (error) {
        if (error.name === "AbortError") return;
        tell(error instanceof TypeError ? unreachable : error.message);
        busy.hidden = true;
      }
    };

    input.addEventListener("change", () => {
      if (input.files.length) verify(input.files[0]);
      input.value = "";
    });
  }

  // The form for letters and packages says what has been chosen, and what is too large, before
  // anything is sent.
  const upload = document.getElementById("examine-form");
  if (upload) {
    const { limit, large } = upload.dataset;
    const input = upload.elements.evidence;
    const chosen = upload.querySelector("[data-part=chosen]");
    const button = upload.querySelector("[data-part=submit]");
    input.addEventListener("change", () => {
      const file = input.files[0];
      const fits = Boolean(file) && file.size <= Number(limit);
      chosen.hidden = !file;
      chosen.textContent = file ? `${file.name} · ${size(file.size)}${fits ? "" : " — " + large}` : "";
      button.disabled = !fits;
      if (fits) button.focus();
    });
    upload.addEventListener("submit", () => {
      button.disabled = true;
      button.classList.add("btn-loading");
    });
    button.disabled = !input.files.length;
  }
})();
