// Tags are typed as a list; suggestions complete the last word of it, not the whole field.
(() => {
  "use strict";
  const words = new WeakMap();

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.dataset.tags) return;
    const list = document.getElementById(field.dataset.tags);
    if (!list) return;
    if (!words.has(list)) words.set(list, Array.from(list.options, (option) => option.value));
    const cut = field.value.search(/[^,，、;；|]*$/);
    const before = field.value.slice(0, cut);
    const taken = new Set(before.split(/[,，、;；|]/).map((word) => word.trim().toLowerCase()));
    const offered = words.get(list).filter((word) => !taken.has(word.toLowerCase()));
    list.replaceChildren(
      ...offered.map((word) => {
        const option = document.createElement("option");
        option.value = before ? `${before.trimEnd()} ${word}` : word;
        return option;
      }),
    );
  });

  // A box in the heading of a list chooses all rows below it.
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.dataset.chooseAll) return;
    for (const each of document.querySelectorAll(`input[name="${box.dataset.chooseAll}"]`)) {
      each.checked = box.checked;
    }
  });
})();
