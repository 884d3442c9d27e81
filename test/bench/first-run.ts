import { measureHops } from './first-run/hops.ts';
import { measureJournal } from './first-run/journal.ts';
import { measureMemory } from './first-run/memory.ts';
import { SPEED } from './first-run/single-build.ts';
import { measureSteps } from './first-run/steps.ts';
import { measureVersion } from './first-run/version.ts';
import type { Group } from './harness.ts';

/** What somebody meets who tries packprobe for the first time: start, overhead, memory, truthfulness, disk. */
export const firstRun: Group = {
  summary: 'start-up, cost of a step, memory, hops against the truth, size of the journal',
  async *measure(bench) {
    yield await measureVersion(bench);
    yield await measureSteps(bench);
    await using sandbox = await bench.sandbox({ speed: SPEED });
    yield await measureJournal(bench, sandbox);
    yield await measureMemory(bench, sandbox);
    yield* measureHops(bench, sandbox);
  },
};
