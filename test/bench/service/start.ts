import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestSandbox } from '../../support/packprobe.ts';
import { alternate, type Bench, type Figure, median } from '../harness.ts';
import { multiply } from './history.ts';
import { configure, serve, singleBuild, untilReady } from './serving.ts';

const HISTORY = 100_000;
const STARTS = 7;

/** From the start of the process to the first good `/healthz/ready`: an old service against a new one, in turns. */
export async function* measureStart(bench: Bench, sandbox: TestSandbox): AsyncIterable<Figure> {
  const place = (name: string) => join(bench.dir, 'start', name);
  for (const name of ['old', 'new']) mkdirSync(place(name), { recursive: true });
  bench.say(`a database of ${HISTORY} runs`);
  await bench.run(['run', 'single-build', '--url', sandbox.control, '--data', place('new')]);
  const old = join(place('old'), 'packprobe.db');
  copyFileSync(join(place('new'), 'packprobe.db'), old);
  const known = withDatabase(old, (db) => db.prepare('select environment, scope from runs').get());
  multiply(old, HISTORY, String(known?.['environment']), String(known?.['scope']));
  const megabytes = Math.round(statSync(old).size / 1e6);

  const dir = place('config');
  configure(dir, {
    'single-build': singleBuild(
      'single-build',
      'dummy-test-package-gloster',
      '{ every: 365d, jitter: 0s, time_zone: UTC }',
    ),
  });
  bench.say(`${STARTS} starts with the ${megabytes} MB of an old service, and as many with none`);
  const started = async (name: string) => {
    await using serving = await serve(bench, { dir, data: place(name), control: sandbox.control });
    return untilReady(serving, bench.signal);
  };
  const { measured, reference } = await alternate(
    STARTS,
    () => started('old'),
    () => started('new'),
  );
  const [with_, without] = [median(measured), median(reference)];
  const both = `${(with_ / 1000).toFixed(3)} s with ${HISTORY} runs against ${(without / 1000).toFixed(3)} s with one`;
  yield {
    name: 'start',
    value: with_ / without,
    unit: 'times',
    aim: { atMost: 1.2 },
    measured: `${both}, ${megabytes} MB`,
  };
  yield {
    name: 'start-time',
    value: with_ / 1000,
    unit: 's',
    aim: { atMost: 1 },
    measured: `slowest of ${STARTS}: ${(Math.max(...measured) / 1000).toFixed(3)} s`,
  };
}

function withDatabase<Result>(file: string, act: (db: DatabaseSync) => Result): Result {
  const db = new DatabaseSync(file);
  try {
    return act(db);
  } finally {
    db.close();
  }
}
