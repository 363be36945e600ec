/**
 * What has to hold between the values of a config, and between a list and its config.
 *
 * checkConfig(config), checkList(config, list): throw Failed. The shapes are form.js's.
 */
import { unhex } from "./bytes.js";
import { boxProblem, pointProblem } from "./crypto.js";
import { configProblem, listProblem } from "./form.js";
import { say } from "./sentences.js";
import { Failed, need } from "./verdicts.js";

const twice = (values) => new Set(values).size !== values.length;
const shaped = (problem) => {
  if (problem) throw new Failed(problem);
};

/** @param {object} config */
export const checkConfig = (config) => {
  shaped(configProblem(config));
  const { pools, stages, parties } = config;
  for (const { en, zh } of [config.title, config.rules, ...[...pools, ...stages].map((one) => one.name)]) {
    need((en + zh).trim(), say`the config has an empty text where one is needed`);
  }
  need(!twice(config.columns), say`two columns of the config have the same name`);
  const ids = pools.map((pool) => pool.id);
  need(!twice(ids), say`two pools of the config have the same id`);
  stages.forEach((stage, n) => {
    const known = !twice(stage.pools) && stage.pools.every((id) => ids.includes(id));
    need(known, say`stage ${n + 1} names a pool twice, or one that there is not`);
    need(stage.winners !== "all" || stage.alternates === 0, say`stage ${n + 1} is a full ranking and leaves no alternates`);
  });
  checkParties(parties);
  need(config.threshold < parties.length, say`the threshold is more than a party has holders`);
  checkSources(config);
  need(!twice(config.void_reasons), say`a reason for a void is named twice`);
  need(config.schedule.draw_at >= config.schedule.announced_at, say`the draw lies before its announcement`);
};

const checkParties = (parties) => {
  for (const name of ["id", "key", "box"]) {
    need(!twice(parties.map((party) => party[name])), say`two parties have the same ${name}`);
  }
  for (const role of ["organiser", "notary", "portal"]) {
    const found = parties.filter((party) => party.role === role);
    need(found.length === 1, say`not exactly one party is the ${role}`);
  }
  for (const { id, key, box } of parties) {
    const problem = pointProblem(unhex(key)) || boxProblem(unhex(box));
    need(!problem, say`a key of ${id} is ${problem}`);
  }
};

const checkSources = ({ randomness, attempts }) => {
  const { public: sources, drand } = randomness;
  need(["dice", "drand", "dice,drand"].includes(sources.join()), say`the public sources are out of order`);
  const named = ["dice", "drand"].filter((source) => Object.hasOwn(randomness, source));
  need(named.join() === sources.join(), say`a public source is missing, or one too many`);
  if (!drand) return;
  const rising = drand.rounds.length === attempts && (attempts === 1 || drand.rounds[0] < drand.rounds[1]);
  need(rising, say`the config does not name one rising round for each attempt`);
};

/** @param {object} config @param {object} list */
export const checkList = (config, list) => {
  shaped(listProblem(list));
  need(list.columns.public.join("\x1f") === config.columns.join("\x1f"), say`the list has other public columns than the config`);
  const { policy, found } = list.duplicates;
  need(policy === "first" || found === 0, say`the list has duplicates although it refuses them`);
  need(list.keys.organiser !== list.keys.notary, say`organiser and notary used the same key for the list`);
  const same = list.pools.map((pool) => pool.id).join() === config.pools.map((pool) => pool.id).join();
  need(same, say`the list has other pools than the config`);
  checkRanges(config, list);
  checkPlaces(config, list);
};

const checkRanges = (config, list) => {
  let start = 0;
  let tickets = 0;
  for (const { id, start: first, end, weights } of list.pools) {
    need(first === start && start < end, say`pool ${id} is empty or out of place`);
    const rising = weights.every(([weight], i) => i === 0 || weights[i - 1][0] < weight);
    const bounded = weights[weights.length - 1][0] <= config.max_weight;
    need(rising && bounded, say`the weights of pool ${id} do not rise, or are over the bound`);
    const entries = weights.reduce((sum, [, count]) => sum + count, 0);
    need(entries === end - start, say`the weights of pool ${id} are not those of its entries`);
    start = end;
    tickets += weights.reduce((sum, [weight, count]) => sum + weight * count, 0);
  }
  need(start === list.count, say`the pools do not make up the whole list`);
  need(tickets === list.tickets, say`the tickets are not the sum of the weights`);
};

/** A stage that may not leave places empty has entries enough, whoever won before. */
const checkPlaces = (config, list) => {
  const size = new Map(list.pools.map((pool) => [pool.id, pool.end - pool.start]));
  const entries = (pools) => pools.reduce((sum, id) => sum + size.get(id), 0);
  const winners = [];
  let carried = 0;
  config.stages.forEach((stage, n) => {
    const earlier = stage.repeat ? [] : winners;
    const gone = earlier.reduce((sum, [pools, most]) =>
      sum + Math.min(most, entries(pools.filter((id) => stage.pools.includes(id)))), 0);
    const total = entries(stage.pools);
    const least = Math.max(0, total - gone);
    const everybody = stage.winners === "all";
    const places = everybody ? least : stage.winners + carried;
    need(stage.unfilled !== "refuse" || least >= places,
      say`stage ${n + 1} has ${places} places, but only ${least} entries for sure`);
    winners.push([stage.pools, everybody ? total : Math.min(places, total)]);
    carried = stage.unfilled === "carry" ? Math.max(0, places - least) : 0;
  });
};
