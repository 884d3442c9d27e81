import { measureVersion } from './first-run/version.ts';
import type { Group } from './harness.ts';

/** What somebody meets who tries packprobe for the first time: start, overhead, memory, truthfulness, disk. */
export const firstRun: Group = {
  summary: 'start-up, cost of a step, memory, hops against the truth, size of the journal',
  async *measure(bench) {
    yield await measureVersion(bench);
  },
};
