// The applicant's files, digested here: only digests and names are sent, to be compared.
(() => {
  "use strict";
  const { digestFile, size, announce } = window.Digest;
  const zone = document.getElementById("compare-zone");
  if (!zone) return;
  const { address, sm3, digesting, unreadable, unreachable } = zone.dataset;
  const input = zone.querySelector("#compare-file");
  const busy = zone.querySelector("#compare-busy");
  const bar = zone.querySelector("#compare-progress");
  const line = zone.querySelector("#compare-line");
  const answer = zone.querySelector("#compare-answer");
  const again = zone.querySelector("#compare-again");
  const token = zone.querySelector("[name=csrf_token]").value;
  let turn = Promise.resolve();

  const tell = (sentence) => {
    const box = document.createElement("div");
    box.className = "alert alert-danger mb-0";
    box.setAttribute("role", "alert");
    box.textContent = sentence;
    answer.append(box);
  };

  const ask = async (digests, name) => {
    const reply = await fetch(address, {
      method: "POST",
      headers: { "X-CSRFToken": token, "X-Fragment": "1" },
      body: new URLSearchParams({ ...digests, name }),
      credentials: "same-origin",
    });
    if (!reply.ok || reply.redirected) throw new Error(unreachable);
    answer.insertAdjacentHTML("beforeend", await reply.text());
    again.hidden = false;
  };

  const compare = async (file) => {
    const name = file.webkitRelativePath || file.name;
    zone.querySelector("#compare-name").textContent = name;
    zone.querySelector("#compare-size").textContent = size(file.size);
    bar.max = Math.max(file.size, 1);
    bar.value = 0;
    line.textContent = digesting;
    busy.hidden = false;
    announce(digesting);
    try {
      const digests = await digestFile(file, {
        sm3: Boolean(sm3),
        progress: (done, total) => {
          bar.value = done;
          line.textContent = `${digesting} ${size(done)} / ${size(total)}`;
        },
      }).catch(() => { throw new Error(unreadable); });
      await ask(digests, name);
    } catch (error) {
      tell(error instanceof TypeError ? unreachable : error.message);
    } finally {
      busy.hidden = true;
    }
  };

  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) answer.replaceChildren();
    // One after the other, in their order.
    for (const file of files) turn = turn.then(() => compare(file));
    turn = turn.then(() => answer.focus());
  });
})();
