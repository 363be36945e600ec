// A module worker that verifies a transcript away from the page's own thread.
// In:  {transcript: ArrayBuffer, leaves?: File|Blob, head?: hex, chain?: object}
// Out: {check} when one is decided; {progress: {number, key, done, total}} while a long one runs;
//      {result} at the end, or {error}.
import { verify } from "./verifier.js";

const EVERY = 200;

self.addEventListener("message", async ({ data }) => {
  let last = 0;
  const tell = (news) => {
    if (news.outcome) self.postMessage({ check: news });
    else if (performance.now() - last > EVERY) {
      last = performance.now();
      self.postMessage({ progress: news });
    }
  };
  try {
    const { transcript, leaves, head, chain } = data;
    const result = await verify(new Uint8Array(transcript), {
      tell, head, chain, leaves: leaves && readable(leaves),
    });
    self.postMessage({ result });
  } catch (error) {
    self.postMessage({ error: String((error && error.message) || error) });
  }
});

const readable = (blob) => ({
  size: blob.size,
  read: async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer()),
});
