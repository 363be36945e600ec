// A public draw as it goes on: polls its small document each second and tells what changed. When the
// network goes, it keeps what it knows, tries again a little later each time, and says so quietly.
// The live page is filled here; the big screen (draws-screen.js) uses the same poller.
(() => {
  "use strict";
  const SECOND = 1000;
  const SOON = 15 * 60 * SECOND;
  const QUIET = new Set(["final", "audited", "void", "cancelled"]);
  // Long before the draw, what happens is told within seconds.
  const SLOW = new Set(["config", "list", "commit", "shares", "acknowledge", "ready"]);
  let offset = 0; // server's clock minus this one's
  let measured = false;

  const now = () => Date.now() + offset;

  // The answer says what time it is on the server, to the second: half of one is added.
  const setClock = (headers) => {
    const told = Date.parse(headers.get("Date") || "");
    if (Number.isNaN(told)) return;
    const fresh = told + SECOND / 2 - Date.now();
    if (!measured || Math.abs(fresh - offset) > 1.5 * SECOND) offset = fresh;
    measured = true;
  };

  const pause = (state) => {
    if (document.hidden) return 15 * SECOND;
    if (!state) return SECOND;
    if (QUIET.has(state.phase)) return 10 * SECOND;
    const until = Date.parse(state.draw_at || "") - now();
    return SLOW.has(state.phase) && until > SOON ? 5 * SECOND : SECOND;
  };

  /**
   * Calls `changed(state)` when there is something new, `lost(time of the last answer)` when two
   * answers in a row did not come, and `back()` when they come again.
   */
  const follow = (address, { changed, lost, back }) => {
    let state = null;
    let tag = "";
    let failures = 0;
    let heard = Date.now();
    let timer = 0;

    const ask = async () => {
      const stop = new AbortController();
      const limit = setTimeout(() => stop.abort(), 8 * SECOND);
      try {
        const reply = await fetch(address, { credentials: "same-origin", signal: stop.signal });
        if (!reply.ok) throw new Error(String(reply.status));
        setClock(reply.headers);
        const next = reply.headers.get("ETag") || "";
        const body = await reply.json();
        if (failures > 1) back();
        failures = 0;
        heard = Date.now();
        if (!state || !next || next !== tag) changed(state = body);
        tag = next;
      } catch {
        failures += 1;
        if (failures === 2) lost(new Date(heard + offset));
      } finally {
        clearTimeout(limit);
      }
    };

    const loop = async () => {
      clearTimeout(timer);
      await ask();
      const wait = failures ? Math.min(SECOND * 2 ** (failures - 1), 8 * SECOND) : pause(state);
      // Not everybody in the same moment.
      timer = setTimeout(loop, wait * (0.9 + Math.random() / 5));
    };
    document.addEventListener("visibilitychange", () => { if (!document.hidden) loop(); });
    window.addEventListener("online", loop);
    loop();
  };

  /** Milliseconds as days and `HH:MM:SS`. */
  const countdown = (left) => {
    const seconds = Math.max(0, Math.ceil(left / SECOND));
    const two = (n) => String(n).padStart(2, "0");
    const day = 86_400;
    const rest = seconds % day;
    const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":");
    return { days: Math.floor(seconds / day), clock };
  };

  const groups = (text, width = 8) => (text || "").match(new RegExp(`.{1,${width}}`, "g")) || [];

  const clockOf = (zone) => {
    const format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone, dateStyle: "short", timeStyle: "medium",
    });
    return (time) => (time ? format.format(new Date(time)) : "");
  };

  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  window.DrawLive = { follow, now, countdown, groups, clockOf, read };

  // --- the live page -----------------------------------------------------------------------------
  const page = document.getElementById("draw-live");
  if (!page) return;
  const words = read("draw-words");
  const say = (key) => (words.say[key] || [key])[0];
  const word = (table, key) => (words[table][key] || [key])[0];
  const part = (name) => page.querySelector(`[data-live="${name}"]`);
  const time = clockOf(page.dataset.zone);
  const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const other = lang === "zh" ? "en" : "zh";
  let shown = null;

  const set = (name, text) => {
    const place = part(name);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const show = (name, yes) => {
    const place = part(name);
    if (place) place.hidden = !yes;
  };

  const tick = () => {
    if (!shown) return;
    const waits = shown.phase === "beacon" ? shown.beacon_at : shown.draw_at;
    const before = !QUIET.has(shown.phase) && !["dice", "reveal", "draw"].includes(shown.phase);
    show("countdown-box", before && Boolean(waits));
    if (!before || !waits) return;
    const left = Date.parse(waits) - now();
    const { days, clock } = countdown(left);
    const due = shown.phase === "beacon" ? say("beacon_late") : say("begins");
    set("countdown", left > 0 ? `${days ? `${days} ${say("days")} ` : ""}${clock}` : due);
    set("countdown-label", shown.phase === "beacon" ? say("beacon_wait") : say("until"));
  };

  const parties = (state) => {
    state.parties.forEach((party, i) => {
      const place = page.querySelector(`[data-party="${i}"]`);
      if (!place) return;
      for (const each of place.querySelectorAll("[data-tick]")) {
        each.classList.toggle("is-done", Boolean(party[each.dataset.tick]));
      }
    });
  };

  const stages = (state) => {
    state.stages.forEach((stage, i) => {
      const place = page.querySelector(`[data-stage="${i + 1}"]`);
      if (!place) return;
      const drawn = stage.drawn !== null && stage.drawn !== undefined;
      place.textContent = drawn ? `${stage.drawn} ${say("drawn")}` : say("to_come");
      place.classList.toggle("text-good", drawn);
    });
    show("results-link", state.stages.some((stage) => stage.drawn !== null));
  };

  const steps = (state) => {
    const list = part("steps");
    list.replaceChildren(...[...state.steps].reverse().slice(0, 12).map((step) => {
      const line = document.createElement("li");
      const name = document.createElement("strong");
      const note = document.createElement("small");
      name.textContent = `${step.n} · ${word("steps", step.type)}`;
      note.textContent = `${time(step.at)} · ${say(step.sealed ? "sealed" : "sealing")}`;
      line.append(name, note);
      return line;
    }));
  };

  const voided = (state) => {
    show("void", Boolean(state.void));
    if (!state.void) return;
    const { reason, note } = state.void;
    set("void-reason", [word("voids", reason), note].filter(Boolean).join(" — "));
  };

  const changed = (state) => {
    const phase = word("phases", state.phase);
    if (shown && shown.phase !== state.phase) document.getElementById("announce").textContent = phase;
    shown = state;
    set("phase", phase);
    set("count", state.count === null ? "—" : Number(state.count).toLocaleString("en-US"));
    set("present", state.present.length ? state.present.join(" · ") : say("nobody"));
    show("dice-box", Boolean(state.dice));
    set("dice", groups(state.dice || "", 10).join(" "));
    show("beacon-box", Boolean(state.beacon));
    if (state.beacon) {
      set("beacon-round", String(state.beacon.round));
      set("beacon", groups(state.beacon.randomness).join(" "));
    }
    show("seed-box", Boolean(state.seed));
    set("seed", groups(state.seed || "").join(" "));
    const title = state.title && (state.title[lang] || state.title[other]);
    if (title) document.title = `${phase} · ${title}`;
    parties(state);
    stages(state);
    steps(state);
    voided(state);
    tick();
  };

  follow(page.dataset.live, {
    changed,
    lost: (since) => { show("lost", true); set("lost-since", time(since)); },
    back: () => show("lost", false),
  });
  setInterval(tick, 250);
})();
