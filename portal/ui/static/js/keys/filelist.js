/**
 * The canonical list of the files of a folder (notary/files/v1): the bytes whose digest is deposited
 * when several files go as one.
 */
import { canonical } from "../draws/canonical.js";

// Paths stand in the order of their code points; scripts compare code units.
const byCodePoint = (one, other) => {
  const [a, b] = [[...one], [...other]];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = a[i].codePointAt(0) - b[i].codePointAt(0);
    if (difference) return difference;
  }
  return a.length - b.length;
};

/** @param {{path: string, size: number, sha256: string, sm3?: string}[]} files @returns {Uint8Array} */
export const listBytes = (files) => {
  const withSm3 = files.every((each) => each.sm3);
  const listed = [...files].sort((a, b) => byCodePoint(a.path, b.path)).map(({ path, size, sha256, sm3 }) =>
    (withSm3 ? { path, size, sha256, sm3 } : { path, size, sha256 }));
  return canonical({ schema: "notary/files/v1", files: listed });
};
