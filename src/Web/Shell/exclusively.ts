let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `work` while no other tab of this page runs work under the same name. Browsers have locks between tabs only on
 * https and on this machine; elsewhere it is exclusive within the tab.
 */
export async function exclusively<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  if ('locks' in navigator) return await navigator.locks.request(name, work);
  const turn = last.then(work, work);
  last = turn.catch(() => undefined);
  return await turn;
}
