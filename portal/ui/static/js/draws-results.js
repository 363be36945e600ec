// Pages of winners without a reload: a thousand rows come at a time, a hundred are shown. Searching
// goes through all of them here, so that the server looks for nobody.
(() => {
  "use strict";
  const root = document.getElementById("draw-results");
  const rows = document.getElementById("results-rows");
  const said = document.getElementById("results-said");
  const pages = document.getElementById("results-pages");
  if (!root) return;
  const { pieces: address, proof } = root.dataset;
  const [size, piece, total] = ["shown", "piece", "total"].map((name) => Number(root.dataset[name]));
  const names = JSON.parse(rows.dataset.names);
  const MOST = 200;
  const last = Math.max(1, Math.ceil(total / size));
  const word = (name, values = {}) =>
    root.dataset[`word${name[0].toUpperCase()}${name.slice(1)}`].replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const kept = new Map();
  let page = Number(root.dataset.page);
  let search = 0;

  const load = (n) => {
    if (!kept.has(n)) {
      kept.set(n, fetch(address.replace(/0\.json$/, `${n}.json`), { credentials: "same-origin" }).then((reply) => {
        if (!reply.ok) throw new Error(String(reply.status));
        return reply.json();
      }).catch((problem) => {
        kept.delete(n);
        throw problem;
      }));
    }
    return kept.get(n);
  };

  const cell = (text, className = "") => {
    const made = document.createElement("td");
    made.className = className;
    made.textContent = text;
    return made;
  };

  const line = ([rank, position, alternate, pool, , ...fields]) => {
    const row = document.createElement("tr");
    if (alternate) row.className = "is-alternate";
    row.dataset.rank = rank;
    const link = document.createElement("a");
    link.href = proof.replace(/0$/, rank);
    link.textContent = rows.dataset.proof;
    link.setAttribute("aria-label", word("proof", { rank }));
    const place = cell("");
    place.append(link);
    row.append(cell(rank, "text-end number"), ...fields.map((field) => cell(field)));
    if (rows.dataset.pools) row.append(cell(names[pool] || pool));
    row.append(cell(position, "text-end number"), cell(word(alternate ? "alternate" : "winner")), place);
    return row;
  };
  rows.dataset.proof = rows.dataset.proof || (rows.querySelector("a") || {}).textContent || "";

  const turn = async (to, rank = 0) => {
    search += 1;
    const mine = search;
    const wanted = Math.min(Math.max(to, 1), last);
    const from = (wanted - 1) * size;
    root.setAttribute("aria-busy", "true");
    try {
      const got = await load(Math.floor(from / piece) + 1);
      if (mine !== search) return;
      rows.replaceChildren(...got.rows.slice(from % piece, (from % piece) + size).map(line));
      page = wanted;
      said.textContent = "";
      pages.hidden = last < 2;
      pages.querySelector("[data-part=where]").textContent = word("page", { page, pages: last });
      for (const link of pages.querySelectorAll("[data-turn]")) {
        link.classList.toggle("is-off", ["first", "back"].includes(link.dataset.turn) ? page < 2 : page >= last);
      }
      const place = new URL(location.href);
      place.searchParams.set("page", page);
      history.replaceState(null, "", place);
      const found = rank && rows.querySelector(`[data-rank="${rank}"]`);
      if (found) {
        found.classList.add("is-found");
        found.scrollIntoView({ block: "center" });
      }
      if (from % piece >= piece - 2 * size && (from / piece + 1) * piece < total) load(Math.floor(from / piece) + 2).catch(() => {});
    } catch {
      said.textContent = word("failed");
    } finally {
      root.removeAttribute("aria-busy");
    }
  };

  const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");

  const find = async (text) => {
    search += 1;
    const mine = search;
    const wanted = plain(text);
    const found = [];
    try {
      for (let n = 1; (n - 1) * piece < total && found.length <= MOST; n += 1) {
        said.textContent = word("searching", { percent: `${Math.floor((100 * (n - 1) * piece) / total)} %` });
        const got = await load(n);
        if (mine !== search) return;
        for (const row of got.rows) if (row.slice(5).some((field) => plain(field).includes(wanted))) found.push(row);
      }
      rows.replaceChildren(...found.slice(0, MOST).map(line));
      pages.hidden = true;
      said.textContent = found.length > MOST ? word("more", { count: MOST })
        : found.length ? word("found", { count: found.length }) : word("none");
    } catch {
      said.textContent = word("failed");
    }
  };

  pages.addEventListener("click", (event) => {
    const link = event.target.closest("[data-turn]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    turn({ first: 1, back: page - 1, on: page + 1, last }[link.dataset.turn]);
  });
  document.getElementById("results-search").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = document.getElementById("results-text").value.trim();
    if (text) find(text);
    else turn(page);
  });
  document.getElementById("results-text").addEventListener("search", ({ target }) => { if (!target.value) turn(page); });
  document.getElementById("results-jump").addEventListener("submit", (event) => {
    event.preventDefault();
    const rank = Number(document.getElementById("results-rank").value);
    if (rank >= 1 && rank <= total) turn(Math.ceil(rank / size), rank);
  });
})();
