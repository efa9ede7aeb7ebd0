// Waiting and doing several things at once, always with a bound.

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/** Runs `work` for every item, at most `limit` at a time. @returns the results in the items' order */
export async function inParallel(limit, items, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/**
 * Asks again every `everyMs` until the answer is truthy. After `withinMs` of waiting it fails and names `what`. The
 * time of `ask` itself does not count: it has its own bound, and may outlast a restart of the server.
 */
export async function waitUntil(what, withinMs, ask, everyMs = 150) {
  for (let waitedMs = 0; ; waitedMs += everyMs) {
    const answer = await ask();
    if (answer) return answer;
    if (waitedMs >= withinMs) throw new Error(`waited ${Math.round(withinMs / 1000)} s in vain: ${what}`);
    await sleep(everyMs);
  }
}

/** The value below which the given share of the sorted numbers lies. */
export function quantile(numbers, share) {
  if (numbers.length === 0) return NaN;
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const range = count => Array.from({ length: count }, (_, i) => i);

/**
 * Waits for a promise, but not longer. `fetch` uses it instead of an abort signal, which Node 18 loses at the next
 * garbage collection.
 */
export function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, ms, new Error(`nothing within ${ms} ms`))));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
