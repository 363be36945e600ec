/**
 * Sentences of the verification that can be said in Chinese, too.
 *
 * say`step ${n} is wrong` → Sentence; String(sentence) is English; inLanguage(sentence, "zh") the
 * same in Chinese. A sentence is plain data {template, values}, so a worker may post it.
 */
import { CHINESE } from "./sentences-zh.js";

/** @returns {{template: string, values: Array}} */
export const say = (parts, ...values) => ({ template: parts.join("{}"), values });

/** @param {{template: string, values: Array}|string} sentence @param {string} language */
export const inLanguage = (sentence, language) => {
  const plain = sentence === null || typeof sentence !== "object";
  const { template, values } = plain ? { template: String(sentence), values: [] } : sentence;
  const said = values.map((value) => inLanguage(value, language));
  const chinese = language.startsWith("zh") && Object.hasOwn(CHINESE, template) && CHINESE[template];
  if (chinese) return chinese.replace(/\{(\d)\}/g, (_, n) => said[n]);
  let next = 0;
  return template.replace(/\{\}/g, () => said[next++]);
};

export const inEnglish = (sentence) => inLanguage(sentence, "en");
