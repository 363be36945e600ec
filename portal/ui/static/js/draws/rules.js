/**
 * What has to hold between the values of a config, and between a list and its config.
 *
 * configProblem(config), listProblem(list, config) → "" or one clause. The shapes are form.js's.
 */
import { unhex } from "./bytes.js";
import { isBox, isPoint } from "./crypto.js";
import { configShapeProblem, listShapeProblem } from "./form.js";

const SOURCES = ["dice", "drand", "dice,drand"];
const twice = (values) => new Set(values).size !== values.length;

/** @returns {string} */
export const configProblem = (config) => {
  const shape = configShapeProblem(config);
  if (shape) return shape;
  const wrong = RULES.find(([holds]) => !holds(config));
  return wrong ? wrong[1] : "";
};

const worded = ({ en, zh }) => Boolean(en.trim() || zh.trim());
const RULES = [
  [(c) => [c.title, c.rules, ...c.pools.map((p) => p.name), ...c.stages.map((s) => s.name)].every(worded),
    "a text in at least one of the two languages is needed"],
  [(c) => !twice(c.columns), "columns: two have the same name"],
  [(c) => !twice(c.pools.map((pool) => pool.id)), "pools: two have the same id"],
  [(c) => c.stages.every(({ pools }) => !twice(pools) && pools.every((id) => c.pools.some((p) => p.id === id))),
    "stages: one names a pool twice, or one that there is not"],
  [(c) => c.stages.every((stage) => stage.winners !== "all" || !stage.alternates),
    "stages: a full ranking leaves no alternates"],
  [(c) => ["id", "key", "box"].every((name) => !twice(c.parties.map((party) => party[name]))),
    "parties: two have the same id or key"],
  [(c) => ["organiser", "notary", "portal"].every((role) => c.parties.filter((p) => p.role === role).length === 1),
    "parties: exactly one has to be organiser, notary and portal each"],
  [(c) => c.parties.every(({ key, box }) => isPoint(unhex(key)) && isBox(unhex(box))),
    "parties: a key is not one that signatures or shares may be made for"],
  [(c) => c.threshold <= c.parties.length - 1, "threshold: more than a party has holders"],
  [({ randomness: r }) => SOURCES.includes(r.public.join()), "randomness.public: has to be dice, drand, or dice then drand"],
  [({ randomness: r }) => ["dice", "drand"].every((name) => r.public.includes(name) === Object.hasOwn(r, name)),
    "randomness: a source is described that is not used, or the other way round"],
  [({ randomness: { drand }, attempts }) => !drand || (drand.rounds.length === attempts
    && (attempts === 1 || drand.rounds[0] < drand.rounds[1])),
  "randomness.drand.rounds: one rising round for each attempt is needed"],
  [(c) => !twice(c.void_reasons), "void_reasons: one stands there twice"],
  [(c) => c.schedule.draw_at >= c.schedule.announced_at, "schedule.draw_at: the draw cannot lie before its announcement"],
];

/** @returns {string} */
export const listProblem = (list, config) => {
  const shape = listShapeProblem(list);
  if (shape) return shape;
  const { columns, pools } = list;
  if (columns.public.join("\x1f") !== config.columns.join("\x1f")) return "columns.public: not those of the config";
  if (list.duplicates.found && list.duplicates.policy === "refuse") return "duplicates: a list that refuses them has some";
  if (list.keys.organiser === list.keys.notary) return "keys: the organiser's and the notary's are the same";
  if (pools.map((pool) => pool.id).join() !== config.pools.map((pool) => pool.id).join()) {
    return "pools: not those of the config in their order";
  }
  let start = 0;
  let tickets = 0;
  for (const { id, start: first, end, weights } of pools) {
    const entries = weights.reduce((sum, [, count]) => sum + count, 0);
    if (first !== start || end - first !== entries) return `pools: the range of ${id} is not right`;
    const rising = weights.every(([weight], i) => i === 0 || weights[i - 1][0] < weight);
    if (!rising || weights[weights.length - 1][0] > config.max_weight) return `pools: the weights of ${id} are not right`;
    start = end;
    tickets += weights.reduce((sum, [weight, count]) => sum + weight * count, 0);
  }
  if (start !== list.count) return "pools: the ranges do not make up the list";
  if (tickets !== list.tickets) return "tickets: not the sum of the weights";
  return shortage(list, config);
};

/** A stage that must not have empty places has enough entries, whoever has won before. */
const shortage = (list, config) => {
  const size = (ids) => list.pools.filter((p) => ids.includes(p.id)).reduce((sum, p) => sum + p.end - p.start, 0);
  const most = [];
  let carried = 0;
  for (const [n, stage] of config.stages.entries()) {
    const gone = config.stages.slice(0, stage.repeat ? 0 : n).reduce((sum, earlier, i) => {
      const won = earlier.winners === "all" ? size(earlier.pools) : Math.min(most[i], size(earlier.pools));
      return sum + Math.min(won, size(earlier.pools.filter((id) => stage.pools.includes(id))));
    }, 0);
    const least = Math.max(0, size(stage.pools) - gone);
    most.push(stage.winners === "all" ? least : stage.winners + carried);
    if (stage.unfilled === "refuse" && least < most[n]) return `stage ${n + 1} has more places than entries`;
    carried = stage.unfilled === "carry" ? Math.max(0, most[n] - least) : 0;
  }
  return "";
};
