// Compiles the Solidity contracts with fixed settings, so that everybody gets the same bytes.
//
//     node scripts/evm/compile.mjs           every chain_adapter/**/contracts/*.sol → .json beside it
//     node scripts/evm/compile.mjs FILE.sol  only these
//     node scripts/evm/compile.mjs --check   writes nothing; fails when an artefact differs
//
// An artefact holds the compiler's version and settings, the SHA-256 of the source, the interface,
// both codes and the storage layout. No metadata hash is appended to the code (it would depend on
// comments and paths), and contracts have no immutables, so the code on a chain is the artefact's.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const settings = {
  // Runs on every chain since August 2021: consortia update late, and nothing newer is needed.
  evmVersion: "london",
  optimizer: { enabled: true, runs: 1000 },
  viaIR: false,
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  outputSelection: {
    "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode", "storageLayout"] },
  },
};

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile() && each.name.endsWith(".sol"))
    .map((each) => join(each.parentPath ?? each.path, each.name))
    .filter((path) => path.split("/").at(-2) === "contracts")
    .sort();
}

function compile(path) {
  const source = readFileSync(path, "utf8");
  const name = path.split("/").at(-1).replace(/\.sol$/, "");
  const input = { language: "Solidity", sources: { [`${name}.sol`]: { content: source } }, settings };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  for (const each of output.errors ?? []) {
    if (each.errorCode !== "3860") throw new Error(each.formattedMessage); // warnings count too
  }
  const { abi, evm, storageLayout } = output.contracts[`${name}.sol`][name];
  if (Object.keys(evm.deployedBytecode.immutableReferences ?? {}).length) {
    throw new Error(`${name} has immutables: its code on a chain would not be the artefact's`);
  }
  return {
    contract: name,
    compiler: solc.version(),
    settings: { ...settings, outputSelection: undefined },
    source: createHash("sha256").update(source).digest("hex"),
    abi,
    bytecode: "0x" + evm.bytecode.object,
    deployedBytecode: "0x" + evm.deployedBytecode.object,
    storage: storageLayout.storage.map(({ label, slot, offset, type }) => ({
      label, slot, offset, type: type.replace(/\)\d+_storage/g, ")"),
    })),
  };
}

const given = process.argv.slice(2);
const check = given[0] === "--check";
const files = given.filter((each) => each !== "--check").map((each) => resolve(each));
let different = 0;
for (const path of files.length ? files : sources(join(root, "chain_adapter"))) {
  const target = path.replace(/\.sol$/, ".json");
  const text = JSON.stringify(compile(path), null, 1) + "\n";
  const same = existsSync(target) && readFileSync(target, "utf8") === text;
  console.log(`${same ? "unchanged" : check ? "DIFFERENT" : "written"} ${target}`);
  if (!same && !check) writeFileSync(target, text);
  different += !same && check;
}
process.exit(different ? 1 : 0);
