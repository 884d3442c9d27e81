import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { EffectRecord, RunRecord } from '../../src/core/run.ts';
import type { Chain } from '../../src/evidence/hops.ts';
import { freshDir, packprobe, processesWith } from '../support/packprobe.ts';
import { withTool } from '../support/tools.ts';

type Shown = RunRecord & { readonly chains: readonly Chain[]; readonly ledger: readonly EffectRecord[] };

/** A command of the real ones takes a third of a second, on a busy machine two: a build's limit of an hour is half a minute here. */
const SPEED = '120';

/** A run of single-build in a sandbox of its own, all of the same seed. */
async function runWith(clients: 'real' | 'stand-ins', dir: string) {
  const data = join(dir, clients);
  const { code, stdout, stderr } = await packprobe([
    ...['run', 'single-build', '--env', 'sandbox', '--clients', clients, '--speed', SPEED],
    ...['--json', '--data', data],
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { run_id } = JSON.parse(stdout) as RunRecord;
  const shown = await packprobe(['runs', 'show', run_id, '--json', '--data', data]);
  return { stderr, run: JSON.parse(shown.stdout) as Shown, data };
}

/** What differs between any two runs: ids, hashes, places, moments. What stands in their place says what it was. */
function mapped(value: unknown, run: RunRecord, data: string): unknown {
  const text = JSON.stringify(value)
    .replaceAll(run.run_id, 'RUN')
    .replaceAll(data, 'DATA')
    .replaceAll(/FEDORA-\d{4}-[0-9a-f]{10}/g, 'ALIAS')
    .replaceAll(/\b(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40})\b/g, 'HASH')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, 'MOMENT')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/"bytes":\d+/g, '"bytes":0');
  return JSON.parse(text);
}

/** All that a run says of what happened, without when. */
function story({ run, data }: { readonly run: Shown; readonly data: string }): unknown {
  const steps = run.steps.map(({ id, uses, system, outcome, attempts, phases, inputs, outputs, fault }) => ({
    ...{ id, uses, system, outcome, inputs, outputs, fault },
    attempts: attempts.map((attempt) => attempt.outcome),
    // Of the build alone: Koji stamps them all. Which of CI's fall into a step is a matter of how quick the commands before it were.
    phases: id === 'build' ? phases.map(({ phase, arch }) => `${phase} ${arch ?? ''}`).sort() : [],
  }));
  return mapped(
    {
      outcome: run.outcome,
      fault: run.fault,
      release: run.release,
      commands: Object.keys(run.versions).sort(),
      steps,
      effects: run.ledger.map(({ step, kind, system, state, undoable }) => ({
        ...{ step, kind, system, state, undoable },
      })),
      hops: run.chains.map(({ nvr, hops }) => ({
        nvr,
        hops: hops.map(({ hop, system }) => `${hop} ${system}`),
      })),
    },
    run,
    data,
  );
}

describe('real clients', () => {
  withTool('clients', 'walk the same way as the stand-ins, and it is recorded alike', async () => {
    using place = freshDir();
    const [real, standIns] = await Promise.all([runWith('real', place.dir), runWith('stand-ins', place.dir)]);
    expect(real.stderr).toMatch(/^clients: real ones: \S+\/koji, \S+\/bodhi, \S+\/fedpkg$/m);
    expect(standIns.stderr).not.toContain('clients:');
    expect(real.run.fault).toBeUndefined();
    expect(real.run.chains.flatMap(({ hops }) => hops)).not.toEqual([]);
    expect(story(real)).toEqual(story(standIns));
    expect(processesWith(place.dir)).toEqual([]);
  });
});
