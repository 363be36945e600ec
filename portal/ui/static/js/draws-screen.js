// The big screen. One scene at a time, chosen by what the record says; once winners are drawn, they
// come page by page. Whatever moves is decoration: nothing here decides anything.
(() => {
  "use strict";
  const { follow, now, countdown, groups, clockOf, read } = window.DrawLive;
  const hall = document.getElementById("hall");
  const words = read("draw-words");
  const part = (name) => hall.querySelector(`[data-part="${name}"]`);
  const time = clockOf(hall.dataset.zone);
  const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const other = lang === "zh" ? "en" : "zh";
  const otherTag = other === "zh" ? "zh-CN" : "en";
  const say = (key) => words.say[key] || [key, ""];
  const word = (table, key) => words[table][key] || [key, ""];
  const number = (n) => Number(n).toLocaleString("en-US");
  let shown = null;

  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  /** Both languages, one below the other. */
  const both = (place, [first, second]) => {
    const second_ = element("span", "w2", second === first ? "" : second);
    second_.lang = otherTag;
    place.replaceChildren(element("span", "w1", first), second_);
  };
  const inTwo = (name) => [name[lang] || name[other] || "", name[lang] ? name[other] || "" : ""];
  const set = (name, text) => {
    const place = part(name);
    if (place.textContent !== text) place.textContent = text;
  };

  // --- scenes ------------------------------------------------------------------------------------
  const isVoid = (state) => {
    const last = state.steps[state.steps.length - 1];
    return ["void", "cancelled"].includes(state.phase) || (last && last.type === "void");
  };
  const drawnStages = (state) =>
    state.stages.map((stage, i) => ({ ...stage, number: i + 1 })).filter((stage) => stage.drawn !== null && stage.drawn !== undefined);

  const sceneOf = (state) => {
    if (isVoid(state)) return "void";
    if (drawnStages(state).length) return "result";
    if (["dice", "reveal", "draw"].includes(state.phase)) return state.phase;
    if (["final", "audited"].includes(state.phase)) return "draw";
    return state.phase === "beacon" ? "beacon" : "wait";
  };

  const showVoid = (state) => {
    if (hall.dataset.scene !== "void") return;
    const { reason = "", note = "" } = state.void || {};
    both(part("void-title"), say(state.phase === "cancelled" ? "cancelled" : "void"));
    both(part("void-reason"), word("voids", reason));
    set("void-note", note);
    const last = ["void", "cancelled"].includes(state.phase);
    both(part("void-next"), say(last ? "void_last" : "void_next"));
  };

  // --- what stays on the screen ------------------------------------------------------------------
  const MARKS = ["committed", "acknowledged", "revealed"];
  const heads = () => {
    const line = element("li", "party party-heads");
    line.setAttribute("aria-hidden", "true"); // each tick says it itself
    line.append(element("span"), ...MARKS.map((mark) => {
      const head = element("span");
      both(head, say(mark));
      return head;
    }));
    return line;
  };
  const showParties = (state) => {
    hall.classList.toggle("is-many", state.parties.length > 5);
    part("parties").replaceChildren(heads(), ...state.parties.map((party) => {
      const item = element("li", "party");
      const who = element("span", "party-who");
      const role = element("span", "party-role");
      both(role, word("roles", party.role));
      who.append(element("strong", "party-name", party.name), role);
      item.append(who, ...MARKS.map((mark) => {
        const tick = element("span", party[mark] ? "mark is-done" : "mark");
        const label = element("span", "mark-word");
        both(label, say(mark));
        if (!party[mark]) label.append(` – ${say("not_yet")[0]}`);
        tick.append(element("i", "mark-box", party[mark] ? "✓" : ""), label);
        return tick;
      }));
      return item;
    }));
  };

  const showSide = (state) => {
    set("entries", state.count === null || state.count === undefined ? "—" : number(state.count));
    const root = part("root");
    root.replaceChildren(...(state.list_root ? groups(state.list_root) : ["—"]).map((piece) => element("span", "", piece)));
    const present = part("present");
    const people = state.present.map((name) => element("li", "", name));
    if (!people.length) {
      people.push(element("li", "is-nobody"));
      both(people[0], say("nobody"));
    }
    present.replaceChildren(...people);
  };

  const WAY = ["config", "list", "commit", "shares", "acknowledge", "open", "dice", "reveal", "beacon", "result", "final"];
  const showWay = (state) => {
    const attempt = state.steps.filter((step) => !step.attempt || step.attempt === state.attempt);
    const done = new Map(attempt.map((step) => [step.type === "recover" ? "reveal" : step.type, step]));
    const count = { commit: "committed", acknowledge: "acknowledged", reveal: "revealed" };
    const needed = state.parties.length;
    part("way").replaceChildren(...WAY.filter((type) => done.has(type) || applies(type, state)).map((type) => {
      const step = done.get(type);
      const mark = count[type];
      const whole = !mark || state.parties.filter((party) => party[mark]).length === needed;
      const item = element("li", step && whole ? "is-done" : step ? "is-begun" : "");
      if (step && whole && !step.sealed) item.classList.add("is-sealing");
      const name = element("span", "way-name");
      both(name, type === "result" ? say("winners") : word("steps", type));
      item.append(element("i", "way-dot"), name);
      return item;
    }));
  };
  const applies = (type, state) => (type === "dice" ? Number(hall.dataset.minimum) > 0 : type === "beacon" ? Boolean(state.beacon_at) : true);

  // --- dice and beacon ---------------------------------------------------------------------------
  const showDice = (state) => {
    const dice = state.dice || "";
    part("faces").hidden = !dice || hall.dataset.scene === "result" || hall.dataset.scene === "void";
    const place = part("dice");
    if (place.dataset.shown === dice) return;
    place.dataset.shown = dice;
    place.setAttribute("aria-label", dice);
    set("dice-count", String(dice.length));
    place.replaceChildren(...[...dice].map((face, i) => {
      const die = element("i", "die");
      die.dataset.face = face;
      die.style.setProperty("--i", i);
      return die;
    }));
  };

  const showBeacon = (state) => {
    part("round").hidden = !state.beacon || hall.dataset.scene === "result" || hall.dataset.scene === "void";
    if (!state.beacon) return;
    set("round-number", String(state.beacon.round));
    set("randomness", groups(state.beacon.randomness).join(" "));
  };

  const showSeed = (state) => {
    part("seed").replaceChildren(...groups(state.seed || "").map((piece) => element("span", "", piece)));
  };

  // --- winners, page by page ---------------------------------------------------------------------
  const show = { stage: 0, page: 0, rows: 20, held: false, timer: 0, key: "", since: "" };
  const pieces = new Map();
  const PIECE = 1000;

  const piece = (attempt, stage, page) => {
    const address = `${hall.dataset.pieces}/${attempt}/${stage}/${page}.json`;
    if (!pieces.has(address)) {
      if (pieces.size > 12) pieces.delete(pieces.keys().next().value);
      pieces.set(address, fetch(address, { credentials: "same-origin" }).then((reply) => {
        if (!reply.ok) throw new Error(String(reply.status));
        return reply.json();
      }).catch((problem) => {
        pieces.delete(address);
        throw problem;
      }));
    }
    return pieces.get(address);
  };

  /** Ranks `from` (from 0) to `to` of a stage, and how many there are. */
  const ranks = async (attempt, stage, from, count) => {
    const first = await piece(attempt, stage, Math.floor(from / PIECE) + 1);
    let rows = first.rows.slice(from % PIECE, (from % PIECE) + count);
    const missing = Math.min(count, first.total - from) - rows.length;
    if (missing > 0) rows = rows.concat((await piece(attempt, stage, Math.floor(from / PIECE) + 2)).rows.slice(0, missing));
    return { rows, total: first.total, winners: first.winner_count };
  };

  const wide = (text) => [...text].reduce((sum, each) => sum + (each.codePointAt(0) > 0x2e7f ? 2 : 1), 0);
  /** How many fit, by the widest of the rows at hand. */
  const grid = (rows) => {
    const widest = Math.max(8, ...rows.map((row) => wide(row.slice(5).join("  ")) + 6));
    const narrow = matchMedia("(max-width: 60rem)").matches;
    const columns = narrow ? (widest > 20 ? 1 : 2) : widest > 44 ? 1 : widest > 28 ? 2 : widest > 16 ? 3 : widest > 13 ? 4 : 5;
    const lines = narrow ? (columns === 1 ? 10 : 8) : 7;
    return { columns, lines };
  };

  const card = (row, i) => {
    const [rank, position, alternate, , , ...fields] = row;
    const item = element("li", alternate ? "won is-alternate" : "won");
    item.style.setProperty("--i", i);
    item.append(element("span", "won-rank", number(rank)));
    const text = element("span", "won-text");
    if (fields.length) fields.forEach((field, at) => text.append(element(at ? "span" : "strong", "", field)));
    else text.append(element("strong", "", `#${position}`));
    item.append(text);
    if (alternate) {
      const tag = element("em", "won-tag");
      both(tag, say("alternate"));
      item.append(tag);
    }
    return item;
  };

  const turnTo = async () => {
    clearTimeout(show.timer);
    const stages = drawnStages(shown);
    if (!stages.length) return;
    const stage = stages[Math.min(show.stage, stages.length - 1)];
    let held = 8000;
    try {
      const sample = await ranks(shown.attempt, stage.number, 0, 60);
      const { columns, lines } = grid(sample.rows);
      show.rows = columns * lines;
      const pages = Math.max(1, Math.ceil(sample.total / show.rows));
      show.page = Math.min(Math.max(show.page, 0), pages - 1);
      const { rows, total, winners } = await ranks(shown.attempt, stage.number, show.page * show.rows, show.rows);
      paint(stage, { rows, total, winners, pages, columns });
      if (pages > 40) held = 5000;
      if (show.page + 1 < pages) ranks(shown.attempt, stage.number, (show.page + 1) * show.rows, show.rows).catch(() => {});
      show.pages = pages;
      show.stages = stages.length;
    } catch {
      held = 3000; // the network went: the same page again
      if (!show.held) show.timer = setTimeout(turnTo, held);
      return;
    }
    if (!show.held) show.timer = setTimeout(() => turn(1), held);
  };

  const paint = (stage, { rows, total, winners, pages, columns }) => {
    const key = `${stage.number}/${show.page}/${total}`;
    if (key === show.key) return;
    show.key = key;
    const [first, second] = inTwo(stage.name);
    const several = shown.stages.length > 1;
    both(part("stage"), [first || `${say("stage")[0]} ${stage.number}`, second]);
    set("places", [
      several ? `${stage.number} / ${shown.stages.length}` : "",
      `${number(winners)} ${say("winners")[0]}`, total > winners ? `${number(total - winners)} ${say("alternates")[0]}` : "",
    ].filter(Boolean).join(" · "));
    set("pages", `${number(show.page + 1)} / ${number(pages)}`);
    const place = part("winners");
    // Few of them are to be read from the last row.
    const few = total > 0 && total <= 8 && matchMedia("(min-width: 60.01rem)").matches;
    place.dataset.columns = few ? (total <= 4 ? 1 : 2) : columns;
    place.toggleAttribute("data-few", few);
    place.replaceChildren(...rows.map(card));
    if (!rows.length) {
      const nobody = element("li", "won-none");
      both(nobody, say("none"));
      place.append(nobody);
    }
    const step = shown.steps.find((one) => one.type === "result" && (one.stage || stage.number) === stage.number);
    set("since", step ? `${say("display_since")[0]} ${time(step.at)} (${say("step")[0]} ${step.n})` : "");
  };

  const turn = (by) => {
    show.page += by;
    if (show.page >= (show.pages || 1)) {
      show.page = 0;
      show.stage = (show.stage + 1) % (show.stages || 1);
    } else if (show.page < 0) {
      show.stage = (show.stage - 1 + (show.stages || 1)) % (show.stages || 1);
      show.page = 0;
    }
    turnTo();
  };

  const hold = () => {
    show.held = !show.held;
    const button = hall.querySelector('[data-turn="0"]');
    button.setAttribute("aria-pressed", String(show.held));
    button.setAttribute("aria-label", show.held ? button.dataset.play : button.dataset.pause);
    if (show.held) clearTimeout(show.timer);
    else turn(1);
  };

  hall.addEventListener("click", (event) => {
    const button = event.target.closest("[data-turn]");
    if (!button) return;
    const by = Number(button.dataset.turn);
    if (by) turn(by);
    else hold();
  });
  document.addEventListener("keydown", (event) => {
    if (hall.dataset.scene !== "result" || event.target.closest("button, a")) return;
    if (event.key === "ArrowRight" || event.key === "PageDown") turn(1);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") turn(-1);
    else if (event.key === " ") hold();
    else return;
    event.preventDefault();
  });

  // --- the clock -----------------------------------------------------------------------------------
  const tick = () => {
    set("clock", time(now()).slice(11));
    if (!shown) return;
    const beacon = hall.dataset.scene === "beacon";
    if (!beacon && hall.dataset.scene !== "wait") return;
    const until = beacon ? shown.beacon_at : shown.draw_at;
    const left = Date.parse(until || "") - now();
    const due = !(left > 0);
    const { days, clock } = countdown(left);
    hall.classList.toggle("is-due", due);
    hall.classList.toggle("is-soon", !due && left < 60_000);
    part("days").hidden = !days || due;
    set("days", `${days} ${say("days")[0]}`);
    set("left", due ? "00:00:00" : clock);
    if (part("until").dataset.key !== `${beacon}`) {
      part("until").dataset.key = `${beacon}`;
      both(part("until"), say(beacon ? "beacon_wait" : "until"));
    }
    const note = due ? say(beacon ? "beacon_late" : "begins_note") : ["", ""];
    if (part("due").dataset.key !== note[0]) {
      part("due").dataset.key = note[0];
      if (note[0]) both(part("due"), note);
      else part("due").textContent = until ? time(until) : "";
    }
  };

  const changed = (state) => {
    const before = shown;
    shown = state;
    const scene = sceneOf(state);
    hall.dataset.scene = scene;
    hall.dataset.phase = state.phase;
    if (!before || before.phase !== state.phase) both(part("phase"), word("phases", state.phase));
    if (state.rehearsal) hall.classList.add("is-rehearsal");
    showVoid(state);
    showParties(state);
    showSide(state);
    showWay(state);
    showDice(state);
    showBeacon(state);
    showSeed(state);
    const drawn = drawnStages(state).length;
    if (scene === "result" && (!before || drawn !== drawnStages(before).length || before.attempt !== state.attempt)) {
      show.stage = before && drawnStages(before).length && drawn > drawnStages(before).length ? drawn - 1 : 0;
      show.page = 0;
      show.key = "";
      turnTo();
    }
    if (scene !== "result") clearTimeout(show.timer);
    tick();
  };

  follow(hall.dataset.live, {
    changed,
    lost: (since) => {
      part("lost").hidden = false;
      set("lost", `${say("lost")[0]} ${time(since)}`);
    },
    back: () => { part("lost").hidden = true; },
  });
  // A telephone changes its height whenever its bars come and go: only the width matters.
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    if (shown && hall.dataset.scene === "result") { show.key = ""; turnTo(); }
  });
  setInterval(tick, 250);
})();
