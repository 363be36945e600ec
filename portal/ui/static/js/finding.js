// The list of deposits: choosing all on the page, and the bar that appears once some are chosen.
(() => {
  "use strict";
  const all = document.querySelector("[data-choose-all]");
  const bar = document.querySelector("[data-bulk]");
  const boxes = [...document.querySelectorAll('.rows [name="deposit"]')];
  if (!bar || !boxes.length) return;

  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    bar.hidden = chosen === 0;
    if (!all) return;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  };

  if (all) {
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
      show();
    });
  }
  for (const box of boxes) box.addEventListener("change", show);
  // Going back in the browser may bring boxes back as they were left.
  addEventListener("pageshow", show);
  show();
})();
