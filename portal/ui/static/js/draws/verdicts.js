/** How a check ends when it does not simply pass. */

/** The sentence names who or what is wrong. */
export class Failed extends Error {}

/** Nothing is wrong, but it cannot be told here. */
export class Undecided extends Error {}

/** Not part of this draw. */
export class Absent extends Error {}

/** Throws {@link Failed} with the sentence unless `right`. */
export const need = (right, sentence) => {
  if (!right) throw new Failed(sentence);
};
