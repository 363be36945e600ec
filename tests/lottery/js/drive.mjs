// Calls the browser's modules for the tests: reads a list of {op, …} on stdin, writes the results.
// Bytes are hex; what is refused answers {"error": code or message}.
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import * as bytes from "../../../portal/ui/static/js/draws/bytes.js";
import { canonicalText, parse } from "../../../portal/ui/static/js/draws/canonical.js";
import * as crypto from "../../../portal/ui/static/js/draws/crypto.js";
import { readBackup, writeBackup } from "../../../portal/ui/static/js/draws/keeper.js";
import { Party } from "../../../portal/ui/static/js/draws/party.js";
import { rootOfPath, Tree } from "../../../portal/ui/static/js/draws/merkle.js";
import * as receipts from "../../../portal/ui/static/js/draws/receipt.js";
import { readRecord } from "../../../portal/ui/static/js/draws/record.js";
import { permutation, positionsHash, Selection } from "../../../portal/ui/static/js/draws/selection.js";
import { inLanguage } from "../../../portal/ui/static/js/draws/sentences.js";
import { verify } from "../../../portal/ui/static/js/draws/verifier.js";
import { configOf, listOf, Portal, whole } from "./draw.mjs";

globalThis.crypto ??= webcrypto;
const { hex, unhex, utf8 } = bytes;
const stepsOf = (steps) => steps.map((step) => JSON.parse(step));
const file = (path) => {
  const data = new Uint8Array(readFileSync(path));
  return { size: data.length, read: async (from, to) => data.subarray(from, to) };
};

const OPS = {
  canonical: ({ value }) => canonicalText(value),
  parse: ({ data }) => parse(unhex(data)),
  keys: ({ master, draw }) => {
    const { key, box } = new Party(unhex(master), draw, "x");
    return { key, box };
  },
  coefficients: ({ master, draw, attempt, threshold }) => {
    const numbers = crypto.coefficients(unhex(master), unhex(draw), attempt, threshold);
    return {
      numbers: numbers.map(String), points: crypto.pointsOf(numbers).map(hex),
      shares: [1, 2, 3, 9].map((place) => hex(crypto.shareFor(numbers, place))),
    };
  },
  commitment: ({ draw, attempt, party, secret }) => hex(crypto.commitmentOf(unhex(draw), attempt, party, unhex(secret))),
  fits: ({ share, place, points }) => crypto.shareFits(unhex(share), place, points.map((one) => unhex(one))),
  recover: ({ shares }) => hex(crypto.recover(shares.map(([place, share]) => [place, unhex(share)]))),
  seal: ({ share, secret, draw, ...rest }) => crypto.sealShare({ share: unhex(share), secret: unhex(secret), draw: unhex(draw), ...rest }),
  open: async ({ draw, box, ...rest }) => {
    const share = await crypto.openShare({ draw: unhex(draw), box: unhex(box), ...rest });
    return share && hex(share);
  },
  points: ({ points }) => points.map((one) => crypto.pointProblem(unhex(one)) === ""),
  boxes: ({ boxes }) => boxes.map((one) => crypto.boxProblem(unhex(one)) === ""),
  signature: ({ message, signature, key }) => crypto.verifySignature(unhex(message), unhex(signature), unhex(key)),
  beacon: ({ round, signature, key }) => crypto.verifyBeacon(round, unhex(signature), unhex(key)),
  permutation: ({ key, total, take }) => {
    const { next } = permutation(unhex(key), total);
    return Array.from({ length: take }, () => next());
  },
  ranking: ({ key, total }) => {
    const { next } = permutation(unhex(key), total);
    return positionsHash(Uint32Array.from({ length: total }, () => next()));
  },
  selection: ({ config, list, seed }) => {
    const selection = new Selection(config, list, unhex(seed));
    return config.stages.map(() => {
      const { winners, alternates, ...rest } = selection.draw();
      return { ...rest, winners: [...winners].slice(0, 2000), alternates: [...alternates].slice(0, 2000) };
    });
  },
  root: ({ leaves }) => {
    const tree = new Tree();
    for (const leaf of leaves) tree.add(unhex(leaf));
    return hex(tree.root());
  },
  path: ({ leaf, position, count, path }) => {
    const root = rootOfPath(unhex(leaf), position, count, path.map((one) => unhex(one)));
    return root && hex(root);
  },
  id: ({ text: typed, kind }) => receipts.canonicalId(typed, kind),
  lookup: ({ draw, id }) => receipts.lookupOf(draw, id),
  receipt: ({ receipt, draw, list }) =>
    receipts.checkReceipt(receipts.readReceipt(typeof receipt === "string" ? receipt : JSON.stringify(receipt)), { draw, list }),
  config: ({ master, id, config, at }) => new Party(unhex(master), config.draw, id).config(config, at),
  list: ({ master, id, config, list, at }) => new Party(unhex(master), config.draw, id).list(config, list, at),
  answer: ({ master, id, type, steps, fields, at }) => {
    const record = readRecord(stepsOf(steps));
    return new Party(unhex(master), record.draw, id).answer(type, record, fields, at);
  },
  record: ({ steps }) => {
    const { head, attempt, count, configHash } = readRecord(stepsOf(steps));
    return { head, attempt, count, configHash };
  },
  verify: async ({ path, leaves, head, chain }) => {
    const bent = await verify(new Uint8Array(readFileSync(path)), { head, chain, leaves: leaves && file(leaves) });
    return { ...bent, checks: bent.checks.map((check) => ({ ...check, zh: inLanguage(check.sentence, "zh") })) };
  },
  whole: async ({ config, list, withheld }) => hex((await whole(configOf(config), list || listOf(), { withheld })).transcript),
  say: ({ sentence, language }) => inLanguage(sentence, language),
  backup: ({ passphrase, ...entry }) => writeBackup({ ...entry, master: unhex(entry.master) }, passphrase),
  restore: async ({ text: content, expected, passphrase }) => {
    const found = await readBackup(content, expected, passphrase);
    return { ...found, master: hex(found.master) };
  },
};

const results = [];
for (const { op, ...rest } of JSON.parse(await text(process.stdin))) {
  try {
    results.push((await OPS[op](rest)) ?? null);
  } catch (error) {
    results.push({ error: error.code || error.message, who: error.who });
  }
}
process.stdout.write(JSON.stringify(results));
