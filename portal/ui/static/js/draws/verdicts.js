/** How a check ends when it does not simply pass; `sentence` is one of sentences.js, or text. */
import { inEnglish } from "./sentences.js";

class Verdict extends Error {
  constructor(sentence = "") {
    super(inEnglish(sentence));
    this.sentence = sentence;
  }
}

/** The sentence names who or what is wrong. */
export class Failed extends Verdict {}

/** Nothing is wrong, but it cannot be told here. */
export class Undecided extends Verdict {}

/** Not part of this draw. */
export class Absent extends Verdict {}

/** Throws {@link Failed} with the sentence unless `right`. */
export const need = (right, sentence) => {
  if (!right) throw new Failed(sentence);
};
