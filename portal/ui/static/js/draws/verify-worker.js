// A module worker that verifies a transcript away from the page's own thread.
// In:  {transcript: ArrayBuffer, leaves?: File|Blob|{address, size}, head?: hex, chain?: object}
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

const readable = (leaves) => (leaves instanceof Blob ? inBlob(leaves) : overNetwork(leaves));

const inBlob = (blob) => ({
  size: blob.size,
  read: async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer()),
});

/** Read once from beginning to end; nothing of it is kept. */
const overNetwork = ({ address, size }) => {
  let reader = null;
  let rest = new Uint8Array(0);
  const opened = async () => {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.body.getReader();
  };
  const read = async (from, to) => {
    reader ||= await opened();
    const piece = new Uint8Array(to - from);
    for (let filled = 0; filled < piece.length;) {
      if (!rest.length) {
        const { done, value } = await reader.read();
        if (done) return piece.subarray(0, filled - (filled % 32));
        rest = value;
      }
      const count = Math.min(rest.length, piece.length - filled);
      piece.set(rest.subarray(0, count), filled);
      rest = rest.subarray(count);
      filled += count;
    }
    return piece;
  };
  return { size, read };
};
