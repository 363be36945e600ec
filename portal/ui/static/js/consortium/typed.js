// What consortium signatures sign (EIP-712), computed here and not believed of the portal. The
// specification is docs/consortium.md; chain_adapter/consortium computes the same.
import { keccak_256 as keccak } from "../../vendor/noble/hashes/sha3.js";
import { sha256 } from "../../vendor/noble/hashes/sha2.js";

const utf8 = (text) => new TextEncoder().encode(text);
export const hex = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (digits.length % 2 || !/^[0-9a-f]*$/.test(digits)) throw new Error("not hexadecimal");
  return Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
};
export const ZERO = "0".repeat(64);
export const METHODS = { blacklist: 1, remove: 2, limit: 4, degrade: 8, restore: 16, change: 32 };
const PERMISSIONS = { deposit: 1, capture: 2, draw: 4, certificate: 8, contract: 16 };
const ROLES = { authority: 1, regulator: 2 };

const APPLICATION = "Application(bytes32 identity,address account,bytes32 key,uint8 kind,bytes32 parent,uint8 level,uint32 round)";
const TYPES = {
  domain: "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)",
  application: APPLICATION,
  certificate: `Certificate(Application application,address authority,uint64 from,uint64 until)${APPLICATION}`,
  register: `Registration(Application application,bytes32 nonce,uint64 expires)${APPLICATION}`,
  act: "Act(uint8 method,bytes32 member,uint32 value,bytes32 reason,bytes32 nonce,uint64 expires)",
  rotate: "Rotation(uint8 role,address from,address to,bytes32 nonce,uint64 expires)",
  replace: "Replacement(bytes32 identity,address account,bytes32 key,bytes32 nonce,uint64 expires)",
  change: "Change(bytes32 rule,uint32 version,bytes32 nonce,uint64 expires)",
};

/** Numbers, hexadecimal and bytes as words of 32 bytes, one after another. */
const words = (fields) => {
  const out = new Uint8Array(32 * fields.length);
  fields.forEach((field, place) => {
    const bytes = typeof field === "number" ? unhex(field.toString(16).padStart(64, "0"))
      : typeof field === "string" ? unhex(field) : field;
    if (bytes.length > 32) throw new Error("longer than a word");
    out.set(bytes, 32 * place + 32 - bytes.length);
  });
  return out;
};

const join = (...parts) => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((place, part) => (out.set(part, place), place + part.length), 0);
  return out;
};

const struct = (type, ...fields) => keccak(join(keccak(utf8(TYPES[type])), words(fields)));

const applied = (a) => struct("application", a.identity, a.account, a.key, a.kind, a.parent, a.level, a.round);

/** RFC 8785 of what rules are made of: texts, whole numbers, lists, objects. */
export const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
};

const bits = (names, known) => names.reduce((sum, name) => {
  if (!(name in known)) throw new Error(`unknown: ${name}`);
  return sum + known[name];
}, 0);

/** SHA-256 of a key's id: how deposit keys are named. */
export const keyHash = (keyId) => hex(sha256(utf8(keyId)));
export const digestOf = (text) => hex(sha256(utf8(text)));

/** Keccak-256 of a rule's words: the first binds the JSON. */
export const ruleDigest = (rule) => {
  const places = Object.fromEntries(rule.regulators.map((each, place) => [each.name, BigInt(place)]));
  const mask = (names) => names.reduce((sum, name) => sum | (1n << places[name]), 0n).toString(16).padStart(64, "0");
  const fields = [sha256(utf8(canonical(rule))), rule.certificates];
  fields.push(rule.authorities.length, ...rule.authorities.map((each) => each.address));
  fields.push(rule.regulators.length, ...rule.regulators.flatMap((each) => [each.address, bits(each.methods, METHODS)]));
  fields.push(rule.groups.length, ...rule.groups.flatMap((each) => [bits(each.methods, METHODS), each.need, mask(each.members)]));
  fields.push(rule.named.length, ...rule.named.flatMap((each) => [each.member, bits(each.methods, METHODS)]));
  fields.push(rule.levels.length, ...rule.levels.map((each) => bits(each.permissions, PERMISSIONS)));
  fields.push(rule.platforms.length, ...rule.platforms.flatMap((each) => [keyHash(each.key), bits(each.permissions, PERMISSIONS)]));
  return keccak(words(fields));
};

const content = (m) => {
  switch (m.type) {
    case "register": return struct("register", applied(m.application), m.nonce, m.expires);
    case "act": return struct("act", METHODS[m.method], m.member, m.value, m.reason ? sha256(utf8(m.reason)) : ZERO, m.nonce, m.expires);
    case "rotate": return struct("rotate", ROLES[m.role], m.from, m.to, m.nonce, m.expires);
    case "replace": return struct("replace", m.identity, m.account, m.key, m.nonce, m.expires);
    case "change": return struct("change", ruleDigest(m.rule), m.version, m.nonce, m.expires);
    default: throw new Error(`unknown type ${m.type}`);
  }
};

export class Domain {
  constructor({ consortium, chain, contract }) {
    this.separator = struct("domain", keccak(utf8("Notary Consortium")), keccak(utf8("1")), chain, contract, consortium);
  }

  digest(hash) { return keccak(join(new Uint8Array([0x19, 0x01]), this.separator, hash)); }

  /** What the signers of a message sign: its id. */
  id(message) { return this.digest(content(message)); }

  /** What an authority signs for an application. */
  certificate(application, { authority, from, until }) {
    return this.digest(struct("certificate", applied(application), authority, from, until));
  }
}
