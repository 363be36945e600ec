// The upload of a draw's list: one file, in pieces that go on where they stopped, handed to the draw
// when it has come completely. Which upload is under way is remembered through a reload.
(() => {
  "use strict";
  const { size, seconds, words, announce } = window.Digest;
  const form = document.getElementById("list-form");
  if (!form) return;
  const say = words();
  const part = (name) => form.querySelector(`[data-part="${name}"]`);
  const input = document.getElementById("file");
  const KEPT = `draws:list:${form.dataset.draw}`;
  const show = (element, visible) => { element.hidden = !visible; };
  let busy = false;

  const uploader = new window.Uploads.Uploader({
    addresses: JSON.parse(form.dataset.addresses),
    token: form.elements.csrf_token.value,
    draft: localStorage.getItem(KEPT) || form.dataset.draft,
    sm3: false,
    changed: () => requestAnimationFrame(layout),
  });

  const complain = (sentence) => {
    part("problem-text").textContent = sentence;
    show(part("problem"), Boolean(sentence));
    if (sentence) part("problem").focus();
  };

  function layout() {
    const [item] = uploader.items;
    show(part("zone"), !busy);
    show(part("upload"), busy);
    if (!item || !busy) return;
    const { sent, size: all } = uploader.totals();
    part("name").textContent = item.path;
    part("size").textContent = size(item.size);
    part("bar").max = Math.max(all, 1);
    part("bar").value = sent;
    const speed = uploader.speed();
    let line = say("uploading", { done: size(sent), total: size(all), speed: size(speed), left: speed ? seconds((all - sent) / speed) : "…" });
    if (item.state === "retrying") line = say("retrying");
    else if (sent >= all) line = say("storing");
    part("line").textContent = line;
    show(part("pause"), uploader.active);
    show(part("resume"), !uploader.active);
  }

  const send = async (file) => {
    complain("");
    if (!file.size) return complain(say("empty"));
    if (file.size > Number(form.dataset.limit)) return complain(say("large"));
    busy = true;
    localStorage.setItem(KEPT, uploader.draft);
    for (const other of [...uploader.items]) if (other.path !== file.name || other.size !== file.size) await uploader.remove(other);
    uploader.add([{ file, path: file.name }]);
    layout();
    announce(say("storing"));
    try {
      await uploader.start();
      const { location: next } = await uploader.ask("POST", form.dataset.take, { draft: uploader.draft });
      localStorage.removeItem(KEPT);
      busy = false;
      window.location.assign(next);
    } catch (error) {
      busy = false;
      layout();
      if (error.name !== "AbortError") complain(say(error.message, { status: error.status }));
    }
    return undefined;
  };

  const stop = async () => {
    busy = false;
    localStorage.removeItem(KEPT);
    await uploader.discard();
    input.value = "";
    layout();
  };

  input.addEventListener("change", () => { const [file] = input.files; if (file) send(file); input.value = ""; });
  part("pause").addEventListener("click", () => { uploader.pause(); layout(); });
  part("resume").addEventListener("click", () => { uploader.resume(); layout(); });
  part("stop").addEventListener("click", stop);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });
  if (localStorage.getItem(KEPT)) uploader.recall().catch(() => { localStorage.removeItem(KEPT); uploader.draft = form.dataset.draft; });
})();
