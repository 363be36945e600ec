// The deposit form: the file is digested here first, then uploaded with progress, or not at all
// when only its digest is deposited. Without this script the form is a plain multipart one.
(() => {
  "use strict";
  const { digestFile, size, seconds, words, announce, grouped } = window.Digest;
  const form = document.getElementById("deposit-form");
  if (!form) return;
  const say = words();
  const limit = Number(form.dataset.limit);
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const input = form.elements.file;
  const state = { file: null, digests: null, stop: null, request: null };

  const mode = () => form.querySelector("[name=mode]:checked").value;
  const show = (element, visible) => { element.hidden = !visible; };
  const bar = (element, done, total) => {
    element.max = Math.max(total, 1);
    element.value = done;
  };

  const complain = (sentence, field = null) => {
    const box = part("problem");
    part("problem-text").textContent = sentence;
    show(box, Boolean(sentence));
    for (const marked of form.querySelectorAll(".is-invalid")) marked.classList.remove("is-invalid");
    if (!sentence) return;
    const wrong = field && form.elements[field];
    if (wrong && wrong.classList) wrong.classList.add("is-invalid");
    box.focus();
  };

  // A new key whenever what would be deposited changes, the same one when a try is repeated:
  // however often the button is pressed, one deposit is made.
  const renewKey = () => { form.elements.idempotency_key.value = newKey(); };
  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const forget = () => {
    if (state.stop) state.stop.abort();
    Object.assign(state, { file: null, digests: null, stop: null });
    form.elements.sha256.value = "";
    if (form.elements.sm3) form.elements.sm3.value = "";
  };

  const choose = async (file) => {
    forget();
    renewKey();
    complain("");
    layout();
    if (!file) return;
    if (file.size === 0) return refuse(say("empty"));
    state.file = file;
    state.stop = new AbortController();
    part("name").textContent = file.name;
    part("size").textContent = size(file.size);
    part("digest").textContent = "";
    const progress = part("digest-progress");
    layout();
    bar(progress, 0, file.size);
    announce(say("digesting"));
    try {
      const digests = await digestFile(file, {
        sm3: Boolean(form.elements.sm3),
        signal: state.stop.signal,
        progress: (done, total) => {
          bar(progress, done, total);
          part("digest-line").textContent = `${size(done)} / ${size(total)}`;
        },
      });
      if (state.file !== file) return;
      state.digests = digests;
      part("digest").textContent = grouped(digests.sha256);
      form.elements.sha256.value = digests.sha256;
      if (form.elements.sm3) form.elements.sm3.value = digests.sm3;
      announce(say("digested"));
    } catch (error) {
      if (error.name !== "AbortError") refuse(say("unreadable"));
    }
    layout();
  };

  const refuse = (sentence) => {
    forget();
    input.value = "";
    layout();
    complain(sentence);
  };

  const tooLarge = () => state.file && mode() === "file" && state.file.size > limit;

  const layout = () => {
    const chosen = Boolean(state.file);
    show(part("zone"), !chosen);
    show(part("chosen"), chosen);
    show(part("details"), chosen || mode() === "digest" || form.dataset.open === "yes");
    show(part("digest-busy"), chosen && !state.digests);
    show(part("digest-done"), chosen && Boolean(state.digests));
    show(part("by-hand"), mode() === "digest" && !chosen);
    show(part("too-large"), Boolean(tooLarge()));
    part("submit").disabled = Boolean(state.request) || Boolean(tooLarge()) ||
      (chosen && !state.digests) || (!chosen && mode() === "file");
  };

  const body = () => {
    const data = new FormData();
    for (const name of ["csrf_token", "mode", "title", "note", "sha256", "sm3", "idempotency_key"]) {
      if (form.elements[name]) data.append(name, form.elements[name].value);
    }
    if (state.file) {
      data.append("filename", state.file.name);
      data.append("size", String(state.file.size));
      data.append("media_type", state.file.type);
    }
    // Last, so that everything else is known before the content begins.
    if (mode() === "file") data.append("file", state.file, state.file.name);
    return data;
  };

  const send = () => {
    complain("");
    const request = new XMLHttpRequest();
    const started = performance.now();
    let sent = 0;
    let all = state.file ? state.file.size : 0;
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
    request.upload.addEventListener("progress", (event) => {
      sent = event.loaded;
      all = event.total;
      const speed = sent / Math.max((performance.now() - started) / 1000, 0.001);
      bar(part("upload-progress"), sent, all);
      part("upload-line").textContent = sent < all
        ? say("uploading", { done: size(sent), total: size(all), speed: size(speed), left: seconds((all - sent) / speed) })
        : say("storing");
    });
    request.addEventListener("load", () => answered(request));
    request.addEventListener("error", () => {
      const share = all ? Math.floor((100 * sent) / all) : 0;
      finished(say("broken", { share }));
    });
    request.addEventListener("abort", () => finished(say("stopped")));
    state.request = request;
    show(part("upload"), mode() === "file");
    bar(part("upload-progress"), 0, 1);
    layout();
    request.send(body());
  };

  const answered = (request) => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours: see below */ }
    if (request.status === 201 && answer.location) {
      window.location.assign(answer.location);
      return;
    }
    if (answer.error) return finished(answer.error.message, answer.error.field);
    // Signing in answers with its page: the session ended while the form was open.
    if (request.status === 401 || request.responseURL.includes("/signin")) return finished(say("session"));
    finished(say(request.status >= 500 ? "fault" : "refused", { status: request.status }));
  };

  const finished = (sentence, field) => {
    state.request = null;
    show(part("upload"), false);
    layout();
    complain(sentence, field);
  };

  input.addEventListener("change", () => choose(input.files[0]));
  part("other").addEventListener("click", () => {
    if (state.request) state.request.abort();
    input.value = "";
    choose(null);
    input.focus();
  });
  part("stop").addEventListener("click", () => state.request && state.request.abort());
  part("digest-instead").addEventListener("click", () => {
    form.querySelector("[name=mode][value=digest]").checked = true;
    renewKey();
    layout();
  });
  form.addEventListener("change", (event) => {
    if (event.target === input) return;
    renewKey();
    layout();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!state.request && form.reportValidity()) send();
  });
  window.addEventListener("beforeunload", (event) => {
    if (state.request && state.request.readyState < 4) event.preventDefault();
  });
  if (input.files.length) choose(input.files[0]); // kept by the browser over a reload
  else layout();
})();
