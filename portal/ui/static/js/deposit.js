// The deposit form: files are digested here, then uploaded in pieces, or not at all when only their
// digests are deposited. One file is deposited at once; several are shown for review first. Without
// this script the form is a plain multipart one.
(() => {
  "use strict";
  const { size, seconds, words, announce, grouped } = window.Digest;
  const form = document.getElementById("deposit-form");
  if (!form) return;
  const say = words();
  const limit = Number(form.dataset.limit);
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const input = form.elements.file;
  const folder = document.getElementById("folder");
  const state = {
    request: null, busy: false, waiting: form.dataset.waiting === "yes", id: window.Uploads.uuid(),
  };

  const mode = () => form.querySelector("[name=mode]:checked").value;
  const show = (element, visible) => { element.hidden = !visible; };
  const bar = (element, done, total) => {
    element.max = Math.max(total, 1);
    element.value = done;
  };

  const uploader = new window.Uploads.Uploader({
    addresses: JSON.parse(form.dataset.addresses),
    token: form.elements.csrf_token.value,
    draft: form.dataset.draft,
    sm3: Boolean(form.elements.sm3),
    changed: (item) => { list.changed(item); plan(); },
  });
  const list = window.FileRows({ place: part("rows"), more: part("rows-more"), say, remove });

  const items = () => uploader.items;
  const single = () => (items().length === 1 && !items()[0].known ? items()[0] : null);
  const several = () => items().length > 0 && !single();

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

  // What the portal said, or our own sentence for what happened on the way.
  const sentence = (error) => {
    const { sent, size: all } = uploader.totals();
    const values = { share: all ? Math.floor((100 * sent) / all) : 0, status: error.status };
    return say(error.message, values);
  };

  // A new key whenever what would be deposited changes, the same one when a try is repeated:
  // however often the button is pressed, one deposit is made.
  const renewKey = () => {
    form.elements.idempotency_key.value = window.Uploads.uuid();
    state.id = window.Uploads.uuid();
  };

  // Keys, and what is signed with them: a module of its own. Without it the portal signs alone.
  let chooser = null;
  const choosing = import(form.dataset.signing)
    .then(({ Chooser }) => Chooser.open(form, say))
    .then((opened) => { chooser = opened; layout(); })
    .catch(() => {});

  // What is going to be recorded, as far as it is known.
  const digests = () => {
    const item = single();
    if (item) return item.digests;
    const typed = form.elements.sha256.value.replace(/\s/g, "").toLowerCase();
    return mode() === "digest" && /^[0-9a-f]{64}$/.test(typed) ? { sha256: typed } : null;
  };

  const take = async (promise) => {
    complain("");
    renewKey();
    const { files, unreadable } = await promise;
    if (files.length === 1 && !items().length && files[0].file.size === 0) return complain(say("empty"));
    uploader.add(files);
    if (unreadable.length) complain(say("unreadable-some", { names: unreadable.slice(0, 3).join(", ") }));
    if (files.some(({ path }) => path.includes("/"))) choose("grouping", "list");
    layout();
    announce(say("digesting"));
  };

  const choose = (name, value) => {
    const option = form.querySelector(`[name=${name}][value=${value}]`);
    if (option) option.checked = true;
  };

  function remove(item) {
    uploader.remove(item);
    renewKey();
    layout();
  }

  const forget = async () => {
    if (state.request) state.request.abort();
    for (const item of [...items()]) list.drop(item);
    form.elements.sha256.value = "";
    if (form.elements.sm3) form.elements.sm3.value = "";
    input.value = folder.value = "";
    state.waiting = false;
    const gone = uploader.discard();
    complain("");
    layout();
    await gone;
  };

  const tooLarge = () => mode() === "file" && items().some((item) => item.size > limit);
  const unfinished = () => items().some((item) => item.state === "missing");
  const unread = () => items().find((item) => item.error && item.error.message === "unreadable");

  // Many changes a second make one redrawing.
  let planned = false;
  const plan = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => { planned = false; layout(); });
  };

  const layout = () => {
    const one = single();
    const many = several();
    const uploading = state.busy;
    show(part("zone"), !one && !uploading && !(many && !unfinished() && !state.adding));
    show(part("chosen"), Boolean(one));
    show(part("many"), many);
    show(part("grouping"), many);
    show(part("details"), one || many || mode() === "digest" || form.dataset.open === "yes");
    show(part("by-hand"), mode() === "digest" && !items().length);
    show(part("too-large"), tooLarge());
    show(part("upload"), uploading && (mode() === "file" || many));
    show(part("signing-box"), !many);
    if (chooser && !many) chooser.show(chooser.sentence({ digests: digests(), id: state.id }));
    if (one) layoutSingle(one);
    if (many) layoutMany();
    if (uploading) layoutProgress();
    list.flush(limit, mode() === "file");
    part("submit-single").hidden = many;
    part("submit-many").hidden = !many;
    part("submit").disabled = uploading || Boolean(state.request) || tooLarge() || unfinished() ||
      Boolean(unread()) || (!items().length && mode() === "file") ||
      (mode() === "digest" && items().some((item) => !item.digests));
  };

  const layoutSingle = (item) => {
    const digested = Boolean(item.digests);
    part("name").textContent = item.path;
    part("size").textContent = size(item.size);
    show(part("digest-busy"), !digested);
    show(part("digest-done"), digested);
    bar(part("digest-progress"), item.digested || 0, item.size);
    part("digest-line").textContent = `${size(item.digested || 0)} / ${size(item.size)}`;
    const shown = digested ? grouped(item.digests.sha256) : "";
    if (part("digest").textContent !== shown) part("digest").textContent = shown;
    form.elements.sha256.value = digested ? item.digests.sha256 : "";
    if (form.elements.sm3) form.elements.sm3.value = digested ? item.digests.sm3 : "";
    if (unread() && part("problem").hidden) complain(say("unreadable"));
  };

  const layoutMany = () => {
    const { count, size: all, done } = uploader.totals();
    const digested = items().filter((item) => item.digests).length;
    part("many-line").textContent = say("many", { count, size: size(all) });
    part("many-state").textContent = done ? say("many-received", { done, count })
      : say("many-digested", { done: digested, count });
    show(part("missing"), unfinished());
  };

  const layoutProgress = () => {
    const { count, size: all, sent, done } = uploader.totals();
    const speed = uploader.speed();
    const retrying = items().some((item) => item.state === "retrying");
    bar(part("upload-progress"), sent, all);
    const left = speed ? seconds((all - sent) / speed) : "…";
    let line = say("uploading", { done: size(sent), total: size(all), speed: size(speed), left });
    if (retrying) line = say("retrying");
    else if (!uploader.active) line = say("paused");
    else if (sent >= all) line = say("storing");
    part("upload-line").textContent = line;
    part("upload-count").textContent = count > 1 ? say("many-received", { done, count }) : "";
    show(part("pause"), uploader.active);
    show(part("resume"), !uploader.active);
  };

  const wish = (grouping) => ({
    grouping, title: form.elements.title.value, note: form.elements.note.value,
  });

  // One file: uploaded, compared and deposited; what is deposited was shown in this very form.
  const sendFile = async () => {
    await uploader.start();
    const { path } = single();
    const signed = chooser ? await chooser.many([{ path, id: state.id, digests: digests() }]) : {};
    const wanted = { ...wish("each"), ...signed };
    const made = await uploader.ask("POST", uploader.address("deposits"), wanted);
    leave(made.location);
  };

  // Several: uploaded, then shown for review.
  const sendMany = async () => {
    if (mode() === "digest") await uploader.handOverDigests();
    else await uploader.start();
    const grouping = form.querySelector("[name=grouping]:checked").value;
    await uploader.ask("POST", uploader.address("words"), wish(grouping));
    leave(uploader.address("review"));
  };

  const leave = (address) => {
    state.leaving = true;
    window.location.assign(address);
  };

  // Digests without a file to upload go as the plain form does.
  const sendForm = async () => {
    const data = new FormData();
    for (const name of ["csrf_token", "mode", "title", "note", "sha256", "sm3", "idempotency_key"]) {
      if (form.elements[name]) data.append(name, form.elements[name].value);
    }
    data.set("mode", "digest");
    const item = single();
    if (item) {
      data.append("filename", item.path);
      data.append("size", String(item.size));
      data.append("media_type", item.file.type);
    }
    const signed = chooser ? await chooser.one(digests(), state.id) : {};
    for (const [name, value] of Object.entries(signed)) data.set(name, value);
    state.request = new AbortController();
    const { signal } = state.request;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: data, signal, credentials: "same-origin",
        headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value },
      });
      if (answer.url.includes("/signin")) throw new Error("session");
      const said = await answer.json().catch(() => ({}));
      if (answer.ok && said.location) return leave(said.location);
      const { message, field, code } = said.error || {};
      const word = answer.status >= 500 ? "fault" : "refused";
      throw Object.assign(new Error(message || word), { field, code, status: answer.status });
    } catch (error) {
      throw error instanceof TypeError ? new Error("broken") : error;
    } finally {
      state.request = null;
    }
  };

  const submit = async () => {
    complain("");
    state.busy = true;
    layout();
    announce(say("starting"));
    try {
      await choosing;
      if (several()) await sendMany();
      else if (mode() === "digest") await sendForm();
      else await sendFile();
    } catch (error) {
      state.busy = false;
      layout();
      if (error.name !== "AbortError") complain(sentence(error), error.field);
      if (error.code === "deposit_id_used") renewKey();
      if (error.code === "digest_mismatch" && single()) restart(single());
    }
  };

  // Nothing of it was kept: the file is read and sent anew when the button is pressed again.
  const restart = (item) => {
    Object.assign(item, { digests: null, digested: 0, state: "chosen", error: null, sent: 0 });
    uploader.digest(item);
  };

  const stop = async () => {
    if (several()) {
      uploader.pause();
      state.busy = false;
      layout();
      return complain(say("stopped-many"));
    }
    const item = single();
    const again = item && { file: item.file, path: item.path };
    state.busy = false;
    await forget();
    if (again) uploader.add([again]);
    layout();
    complain(say("stopped"));
  };

  input.multiple = true;
  input.addEventListener("change", () => { take(Promise.resolve({ files: window.Chosen.picked(input.files), unreadable: [] })); input.value = ""; });
  folder.addEventListener("change", () => { take(Promise.resolve({ files: window.Chosen.picked(folder.files), unreadable: [] })); folder.value = ""; });
  part("zone").addEventListener("drop", (event) => {
    event.preventDefault();
    take(window.Chosen.dropped(event.dataTransfer));
  });
  for (const button of form.querySelectorAll("[data-part=other]")) {
    button.addEventListener("click", () => forget().then(() => input.focus()));
  }
  part("add").addEventListener("click", () => { state.adding = !state.adding; layout(); });
  part("choose-folder").addEventListener("click", () => folder.click());
  part("pause").addEventListener("click", () => { uploader.pause(); layout(); });
  part("resume").addEventListener("click", () => { uploader.resume(); layout(); });
  part("stop").addEventListener("click", stop);
  part("digest-instead").addEventListener("click", () => {
    choose("mode", "digest");
    renewKey();
    layout();
  });
  form.addEventListener("change", (event) => {
    if (event.target === input || event.target === folder) return;
    renewKey();
    list.redraw(items());
    layout();
  });
  form.elements.sha256.addEventListener("input", plan);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!state.busy && form.reportValidity()) submit();
  });
  window.addEventListener("beforeunload", (event) => {
    if (state.busy && !state.leaving) event.preventDefault();
  });
  const recalled = () => {
    const folders = items().some((item) => item.path.includes("/"));
    choose("grouping", form.dataset.grouping || (folders ? "list" : "each"));
    layout();
  };
  if (state.waiting) uploader.recall().then(recalled, (error) => complain(sentence(error)));
  layout();
})();
