// Verification of what somebody has in hand: digested here, and only the digest is asked about. A
// letter, certificate or package that is not known by its digest is sent when its owner says so.
(() => {
  "use strict";
  const { digestFile, size, announce } = window.Digest;

  // How letters (PDF) and packages (ZIP) begin; anything else is never sent.
  const STARTS = ["25504446", "504b0304", "504b0506", "504b0708"];
  const mayBeEvidence = async (file) => {
    const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    return STARTS.includes([...start].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  };

  const zone = document.getElementById("verify-zone");
  if (zone) {
    const words = zone.dataset;
    const part = (name) => zone.querySelector(`[data-part=${name}]`);
    const input = zone.querySelector("#verify-file");
    const busy = zone.querySelector("#verify-busy");
    const bar = zone.querySelector("#verify-progress");
    const line = zone.querySelector("#verify-line");
    const offer = zone.querySelector("#verify-offer");
    const answer = zone.querySelector("#verify-answer");
    let current = null;
    let waiting = null;

    const tell = (sentence) => {
      const box = document.createElement("div");
      box.className = "alert alert-danger";
      box.setAttribute("role", "alert");
      box.textContent = sentence;
      answer.replaceChildren(box);
    };

    // Only a report of ours is put into the page. Resolves to the answer's one word.
    const take = async (reply) => {
      if (reply.status === 429) throw new Error(words.slow);
      const type = reply.headers.get("Content-Type") || "";
      if (!reply.ok || !type.startsWith("text/html") || !reply.headers.get("X-Fragment")) {
        throw new Error(words.unreachable);
      }
      answer.innerHTML = await reply.text();
      answer.focus();
      const verdict = answer.querySelector(".verdict");
      return verdict ? verdict.className.replace(/^.*verdict-/, "") : "";
    };

    const ask = async (sha256, signal) => {
      const query = new URLSearchParams({ sha256 });
      if (words.number) query.set("n", words.number);
      return take(await fetch(`${words.address}?${query}`, {
        headers: { "X-Fragment": "1" }, credentials: "same-origin", signal,
      }));
    };

    const propose = (file) => {
      const fits = file.size <= Number(words.limit);
      part("fits").hidden = !fits;
      part("large").hidden = fits;
      part("weight").textContent = `(${size(file.size)})`;
      offer.hidden = false;
      waiting = fits ? file : null;
    };

    const failed = (error) => {
      if (error.name === "AbortError") return;
      tell(error instanceof TypeError ? words.unreachable : error.message);
      busy.hidden = true;
    };

    const begin = () => {
      if (current) current.abort();
      current = new AbortController();
      waiting = null;
      offer.hidden = true;
      answer.replaceChildren();
      return current.signal;
    };

    const verify = async (file) => {
      const signal = begin();
      zone.querySelector("#verify-name").textContent = file.name;
      zone.querySelector("#verify-size").textContent = size(file.size);
      bar.max = Math.max(file.size, 1);
      bar.value = 0;
      line.textContent = words.digesting;
      busy.hidden = false;
      announce(words.digesting);
      try {
        const { sha256 } = await digestFile(file, {
          signal,
          progress: (done, total) => {
            bar.value = done;
            line.textContent = `${words.digesting} ${size(done)} / ${size(total)}`;
          },
        }).catch((error) => {
          throw error.name === "AbortError" ? error : new Error(words.unreadable);
        });
        bar.value = bar.max;
        line.textContent = words.asking;
        const found = await ask(sha256, signal);
        line.textContent = `SHA-256 ${sha256}`;
        if (["missing", "differs"].includes(found) && (await mayBeEvidence(file))) propose(file);
      } catch (error) {
        failed(error);
      }
    };

    const send = async (file) => {
      const signal = begin();
      line.textContent = words.sending;
      busy.hidden = false;
      bar.removeAttribute("value");
      announce(words.sending);
      const form = new FormData();
      form.append("evidence", file, file.name);
      try {
        await take(await fetch(words.examine, {
          method: "POST", body: form, headers: { "X-Fragment": "1" }, credentials: "same-origin", signal,
        }));
        busy.hidden = true;
      } catch (error) {
        failed(error);
      }
    };

    input.addEventListener("change", () => {
      if (input.files.length) verify(input.files[0]);
      input.value = "";
    });
    part("send").addEventListener("click", () => { if (waiting) send(waiting); });
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
