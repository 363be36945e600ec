// How places, pools and weights work out: the arithmetic of the wizard's picture, without a page.
//
// A stage draws tickets in a random order; an entry of weight w holds w of them and wins by the first
// one that comes. When a share x of all tickets has been turned over, an entry has come with the
// probability 1 - (1 - x)^w. The x at which the places are filled gives every entry's chance.

// counts: {pool: [[weight, entries], …]}
export function classesOf(pools, counts) {
  const found = [];
  for (const pool of pools) {
    for (const [weight, entries] of counts[pool.id] || []) {
      if (entries > 0 && weight > 0) found.push({ pool: pool.id, weight, entries, never: 1 });
    }
  }
  return found;
}

// The share of the tickets that is turned over until `places` of the eligible entries have come.
export function turned(eligible, places) {
  const all = eligible.reduce((sum, each) => sum + each.entries, 0);
  if (places >= all) return 1;
  let [low, high] = [0, 1];
  for (let round = 0; round < 100; round += 1) {
    const x = (low + high) / 2;
    const come = eligible.reduce((sum, each) => sum - each.entries * Math.expm1(each.weight * Math.log1p(-x)), 0);
    if (come < places) low = x;
    else high = x;
  }
  return (low + high) / 2;
}

const chanceOf = (weight, x) => (x >= 1 ? 1 : -Math.expm1(weight * Math.log1p(-x)));

// Stage by stage: [{places, carried, filled, unfilled, eligible, tickets, alternates, refused, parts}]
// with parts [{pool, weight, entries, tickets, places, chance}]; numbers are expectations.
export function preview({ pools, stages }, counts) {
  const classes = classesOf(pools, counts);
  let carried = 0;
  return stages.map((stage) => {
    const wanted = new Set(stage.pools.length ? stage.pools : pools.map((pool) => pool.id));
    const own = classes.filter((each) => wanted.has(each.pool));
    const eligible = own.map((each) => ({ ...each, entries: each.entries * (stage.repeat ? 1 : each.never) }));
    const entries = eligible.reduce((sum, each) => sum + each.entries, 0);
    const tickets = eligible.reduce((sum, each) => sum + each.entries * each.weight, 0);
    const places = (stage.winners === "all" ? entries : stage.winners) + carried;
    const filled = Math.min(places, entries);
    const x = entries ? turned(eligible, filled) : 1;
    const parts = eligible.map((each) => {
      const chance = entries ? chanceOf(each.weight, x) : 0;
      return {
        pool: each.pool, weight: each.weight, entries: each.entries,
        tickets: each.entries * each.weight, places: each.entries * chance, chance,
      };
    });
    own.forEach((each, at) => { each.never *= 1 - parts[at].chance; });
    const result = {
      places, carried, filled, unfilled: Math.max(0, places - entries), eligible: entries, tickets,
      alternates: Math.min(stage.alternates, Math.max(0, entries - filled)),
      refused: stage.unfilled === "refuse" && places - entries > 0.5, parts,
    };
    carried = stage.unfilled === "carry" ? result.unfilled : 0;
    return result;
  });
}

// "1 in 12" of a chance; whole percents from one in two on.
export function chanceWords(chance, say) {
  if (chance <= 0) return say("none");
  if (chance >= 0.9995) return say("certain");
  if (chance >= 0.5) return `${Math.round(chance * 100)} %`;
  const one = 1 / chance;
  return say("one-in", { count: (one < 10 ? Math.round(one * 10) / 10 : Math.round(one)).toLocaleString() });
}
