import { HOPS, type Hop } from '../../../src/core/chain.ts';
import { parseDuration } from '../../../src/core/duration.ts';
import type { HopRecord } from '../../../src/evidence/hops.ts';
import type { TestSandbox } from '../../support/packprobe.ts';
import { type Bench, type Figure, median } from '../harness.ts';
import { runSingleBuild, SPEED } from './single-build.ts';

const RUNS = 20;
const ROOM_MS = 2000;

/** Those of a run that ends at the open gate, of a package that nobody waives. */
const EXPECTED: readonly Hop[] = HOPS.filter((hop) => hop !== 'final_tag' && hop !== 'waive');

/** A hop as a run states it, and how long it took in the sandbox; NaN where the sandbox knows of no such thing. */
interface Compared {
  readonly run: string;
  readonly stated: HopRecord;
  readonly true_ms: number;
}

/** Whether what runs tell of their hops is what the sandbox did, and how closely they tell it. */
export async function* measureHops(bench: Bench, sandbox: TestSandbox): AsyncGenerator<Figure> {
  bench.say(`${RUNS} runs of single-build against what the sandbox did`);
  const hops: Compared[] = [];
  // One after the other: two at once would push to the same package.
  for (let done = 0; done < RUNS; done += 1) hops.push(...(await hopsOfOneRun(bench, sandbox)));

  const there = new Set(hops.filter(({ stated }) => EXPECTED.includes(stated.hop)).map(nameOf)).size;
  const right = hops.filter(isTrue);
  for (const hop of hops.filter((each) => !isTrue(each))) bench.say(`not true: ${describe(hop)}`);
  const widths = hops.map(({ stated }) => stated.longest_ms - stated.shortest_ms);
  const pollMs = await longestPoll(sandbox);

  yield {
    name: 'hops-there',
    value: there,
    unit: 'hops',
    aim: { atLeast: RUNS * EXPECTED.length },
    measured: `of ${EXPECTED.length} in each of ${RUNS} runs of single-build at speed ${SPEED}`,
  };
  yield {
    name: 'hops-true',
    value: right.length,
    unit: 'hops',
    aim: { atLeast: hops.length },
    measured: `stated interval holds the time that the sandbox took, of ${hops.length} stated`,
  };
  yield {
    name: 'hop-width',
    value: median(widths) / 1000,
    unit: 's',
    aim: { atMost: (pollMs + ROOM_MS) / 1000 },
    measured: `median width of the stated intervals against a poll every ${pollMs / 1000} s; widest ${(Math.max(...widths) / 1000).toFixed(1)} s`,
  };
}

async function hopsOfOneRun(bench: Bench, sandbox: TestSandbox): Promise<readonly Compared[]> {
  const { run_id, chains } = await runSingleBuild(bench, sandbox, 'hops');
  const compared = chains.map(async ({ nvr, hops }) => {
    const truth = await sandbox.truth(nvr);
    return hops.map((stated) => ({
      run: run_id,
      stated,
      true_ms: (truth[stated.to] ?? Number.NaN) - (truth[stated.from] ?? Number.NaN),
    }));
  });
  return (await Promise.all(compared)).flat();
}

function nameOf({ run, stated }: Compared): string {
  return `${run} ${stated.hop}`;
}

function isTrue({ stated, true_ms }: Compared): boolean {
  return stated.shortest_ms <= true_ms && true_ms <= stated.longest_ms;
}

function describe({ run, stated, true_ms }: Compared): string {
  const { hop, shortest_ms, longest_ms, source } = stated;
  return `${hop} of run ${run} took ${true_ms} ms, stated ${shortest_ms} to ${longest_ms} ms (${source})`;
}

/** The longest pause between two looks that the sandbox's own environment file asks for. */
async function longestPoll(sandbox: TestSandbox): Promise<number> {
  const { systems } = (await sandbox.environment()) as {
    readonly systems: Readonly<Record<string, { readonly poll?: string }>>;
  };
  return Math.max(
    ...Object.values(systems).flatMap(({ poll }) => (poll === undefined ? [] : (parseDuration(poll) ?? []))),
  );
}
