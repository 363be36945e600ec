// Digests one file in pieces, away from the page's own thread. The file never leaves the computer.
// In:  {file, libraries: {sha256: address, sm3?: address}}
// Out: {done, total} now and then; {digests: {sha256: hex, sm3?: hex}} at the end, or {error}.
"use strict";

const PIECE = 4 * 1024 * 1024;

self.addEventListener("message", async ({ data: { file, libraries } }) => {
  try {
    self.importScripts(...Object.values(libraries));
    const hashers = {};
    if (libraries.sha256) hashers.sha256 = await self.hashwasm.createSHA256();
    if (libraries.sm3) hashers.sm3 = await self.hashwasm.createSM3();
    for (const hasher of Object.values(hashers)) hasher.init();
    let done = 0;
    let next = read(file, 0);
    while (done < file.size) {
      const piece = await next;
      // The next piece is read while this one is digested.
      next = read(file, done + piece.length);
      for (const hasher of Object.values(hashers)) hasher.update(piece);
      done += piece.length;
      self.postMessage({ done, total: file.size });
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
