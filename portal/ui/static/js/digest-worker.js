// Digests files one after the other, in pieces, away from the page's own thread. The files never
// leave the computer.
// In:  {file, libraries: {sha256: address, sm3?: address}}
// Out: {done, total} now and then; {digests: {sha256: hex, sm3?: hex}} at the end, or {error}.
"use strict";

const PIECE = 4 * 1024 * 1024;
const ready = {};

const hasherOf = async (name, address) => {
  if (!ready[name]) {
    self.importScripts(address);
    ready[name] = await (name === "sm3" ? self.hashwasm.createSM3() : self.hashwasm.createSHA256());
  }
  ready[name].init();
  return ready[name];
};

self.addEventListener("message", async ({ data: { file, libraries } }) => {
  try {
    const hashers = {};
    for (const [name, address] of Object.entries(libraries)) {
      hashers[name] = await hasherOf(name, address);
    }
    let done = 0;
    let next = read(file, 0);
    while (done < file.size) {
      const piece = await next;
      // The next piece is read while this one is digested.
      next = read(file, done + piece.length);
      for (const hasher of Object.values(hashers)) hasher.update(piece);
      done += piece.length;
      if (file.size > PIECE) self.postMessage({ done, total: file.size });
    }
    await next;
    const digests = {};
    for (const [name, hasher] of Object.entries(hashers)) digests[name] = hasher.digest("hex");
    self.postMessage({ digests });
  } catch (error) {
    self.postMessage({ error: String(error && error.message || error) });
  }
});

async function read(file, from) {
  if (from >= file.size) return new Uint8Array(0);
  return new Uint8Array(await file.slice(from, from + PIECE).arrayBuffer());
}
