"""A draw of fifty million verified in Chromium: seconds on one core, medians.

``python -m benchmarks.browser_draw`` prints one JSON line per figure and exits 1 when one misses.
The page is served under the portal's content security policy and loads the portal's own modules.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from benchmarks._figures import figure, missed
from tests.browser.conftest import _ARGUMENTS, CHROMIUM
from tests.lottery.js.pages import made_in_node, served

_ROUNDS: Final = 5
#: 10 + 1,000 + 98,990 winners and 10,000 alternates of fifty million entries.
_MAKE: Final = """
import { configOf, listOf, whole } from "DRAW";
const name = { en: "x", zh: "x" };
const stage = (winners, alternates = 0) =>
  ({ name, pools: ["A"], winners, alternates, repeat: false, unfilled: "refuse" });
const config = configOf({
  pools: [{ id: "A", name }], stages: [stage(10), stage(1000), stage(98990, 10000)], max_weight: 1,
});
process.stdout.write((await whole(config, listOf([[[1, 50000000]]]))).transcript);
"""
_SELECT: Final = """async () => {
  const { Selection } = await import("/js/draws/selection.js");
  const { steps } = await (await fetch("/draw.json")).json();
  const { config } = steps[0].body;
  const seed = steps.find((step) => step.type === "seed").body.seed;
  const bytes = Uint8Array.from(seed.match(/../g), (pair) => parseInt(pair, 16));
  const start = performance.now();
  const selection = new Selection(config, steps[1].body.list, bytes);
  const found = config.stages.map(() => selection.draw().positions_sha256);
  const spent = performance.now() - start;
  const results = steps.filter((step) => step.type === "result");
  const told = results.map((step) => step.body.positions_sha256);
  if (found.join() !== told.join()) throw new Error("other positions");
  return spent / 1000;
}"""
_VERIFY: Final = """() => new Promise(async (resolve, reject) => {
  const transcript = await (await fetch("/draw.json")).arrayBuffer();
  const start = performance.now();
  const worker = new Worker("/js/draws/verify-worker.js", { type: "module" });
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => {
    if (data.result && data.result.outcome !== "verified") reject(new Error("not verified"));
    if (data.result) resolve((performance.now() - start) / 1000);
  };
  worker.postMessage({ transcript }, [transcript]);
})"""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = {"/draw.json": made_in_node(_MAKE, Path(folder))}
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        with served(pages) as address:
            page = browser.new_page()
            page.goto(f"{address}/")
            figure(
                "browser: 100,000 winners and 10,000 alternates of 50 M recomputed",
                _median(page, _SELECT),
                "s",
                1.0,
                at_most=True,
            )
            figure(
                "browser: the same draw, all checks in a worker (without the leaves)",
                _median(page, _VERIFY),
                "s",
                5.0,
                at_most=True,
            )
        browser.close()
    return min(missed(), 125)


def _median(page: Page, script: str) -> float:
    spent: list[Any] = [page.evaluate(script) for _ in range(_ROUNDS)]
    return float(statistics.median(spent))


if __name__ == "__main__":
    raise SystemExit(main())
