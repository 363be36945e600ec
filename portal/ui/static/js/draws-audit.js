// The notary's findings on the sampled entries: kept in this browser until they are signed.
import { say, Signing, why } from "./draws-signing.js";

const root = document.getElementById("audit");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const rows = [...root.querySelectorAll("[data-position]")];
const KEPT = `draws:audit:${root.dataset.draw}:${root.dataset.attempt}`;
const signing = new Signing(root);

const findings = () => rows.map((row) => {
  const chosen = row.querySelector("input[type=radio]:checked");
  return { position: Number(row.dataset.position), finding: chosen ? chosen.value : "", note: row.querySelector("[data-note]").value.trim() };
});
const missing = () => findings().filter((each) => !each.finding).length;
const tell = () => {
  part("count").textContent = missing() ? say("findings-missing", { count: missing() }) : "";
  part("sign").disabled = missing() > 0;
};
const complain = (sentence) => {
  part("problem-text").textContent = sentence;
  part("problem").hidden = !sentence;
  if (sentence) part("problem").focus();
};

const sign = async () => {
  complain("");
  part("sign").disabled = true;
  try {
    if (!(await signing.open())) throw new Error(say("missing"));
    const task = await signing.ask("GET", root.dataset.taskAddress);
    const record = await signing.record(task);
    const final = record.steps.findLast((step) => step.type === "final");
    const found = findings();
    const make = () => signing.party.answer("audit", record, { results_sha256: final.body.results_sha256, findings: found });
    await signing.handIn(`${task.attempt}:audit:${JSON.stringify(found)}`, make, { findings: { findings: found } });
    localStorage.removeItem(KEPT);
    location.assign(root.dataset.back);
  } catch (error) {
    complain(why(error));
    tell();
  }
};

for (const each of JSON.parse(localStorage.getItem(KEPT) || "[]")) {
  const row = rows.find((one) => Number(one.dataset.position) === each.position);
  if (!row) continue;
  const box = each.finding && row.querySelector(`input[value="${each.finding}"]`);
  if (box) box.checked = true;
  row.querySelector("[data-note]").value = each.note;
}
root.addEventListener("input", () => { localStorage.setItem(KEPT, JSON.stringify(findings())); tell(); });
part("sign").addEventListener("click", sign);
tell();
