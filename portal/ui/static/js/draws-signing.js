// What the pages on which a party signs have in common: words, the key, the record, and handing in.
import { Keeper, KeeperError } from "./draws/keeper.js";
import { Party, PartyError } from "./draws/party.js";
import { RecordError, readRecord } from "./draws/record.js";

const table = JSON.parse(document.getElementById("words").textContent);
export const say = (name, values = {}) =>
  (table[name] || name).replace(/%\((\w+)\)s/g, (_, key) => String(values[key] ?? ""));

/** A refusal of the portal's: its own sentence; `status` 0: it did not answer. */
export class Refused extends Error {
  constructor(message, status = 0, code = "") {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** Why something failed, as the page says it. */
export const why = (error, nameOf = (id) => id) => {
  if (error instanceof KeeperError || error instanceof Refused) return error.message;
  if (error instanceof PartyError) return say(error.code, { who: nameOf(error.who) });
  if (error instanceof RecordError) return say(error.code, { step: error.step });
  return say("failed", { why: error.message });
};

export class Signing {
  /** `root` carries the addresses, the draw, the party and the token. */
  constructor(root) {
    this.root = root;
    this.draw = root.dataset.draw;
    this.id = root.dataset.party;
    this.token = root.querySelector("[name=csrf_token]").value;
  }

  async ask(method, address, body) {
    let answer;
    try {
      answer = await fetch(address, {
        method, credentials: "same-origin", cache: "no-store",
        headers: { Accept: "application/json", "X-CSRFToken": this.token, ...(body ? { "Content-Type": "application/json" } : {}) },
        body: body ? JSON.stringify(body) : undefined,
      });
    } catch { throw new Refused(say("offline")); }
    if (answer.url.includes("/signin")) throw new Refused(say("session"), 401);
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    const error = said.error || {};
    throw new Refused(error.message || say("offline"), answer.status, error.code || "");
  }

  /** The key this browser has for the party, or null. */
  async open() {
    this.keeper = this.keeper || await Keeper.open(table);
    this.kept = await this.keeper.get(this.draw, this.id);
    this.party = this.kept ? new Party(this.kept.master, this.draw, this.id) : null;
    return this.party;
  }

  /** The record as far as it has come, read and checked here; null before there is one. */
  async record(task) {
    const steps = task.steps || (await this.transcript());
    if (!steps || !steps.length) return null;
    const record = readRecord(steps);
    record.steps = steps;
    return record;
  }

  async transcript() {
    if (!this.root.dataset.transcriptAddress) return null;
    try {
      return (await this.ask("GET", this.root.dataset.transcriptAddress)).steps;
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  /** Hand in what `make` signs. What was signed is kept until the portal has it: the very same is
   * sent again after a lost answer. */
  async handIn(name, make, more = {}) {
    const place = `draws:signed:${this.draw}:${this.id}:${name}`;
    const before = sessionStorage.getItem(place);
    const signed = before ? JSON.parse(before) : await make();
    const { statement, signature } = signed;
    sessionStorage.setItem(place, JSON.stringify({ statement, signature }));
    try {
      const answer = await this.ask("POST", this.root.dataset.statementsAddress, { statement, signature, ...more });
      sessionStorage.removeItem(place);
      return answer;
    } catch (error) {
      // Refused for good: the next try signs anew. Not answered: the same is sent again.
      if (error.status >= 400 && error.status < 500 && error.status !== 401) sessionStorage.removeItem(place);
      throw error;
    }
  }
}
