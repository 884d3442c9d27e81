import { dirname, join } from 'node:path';
import { findRealClients } from '../../src/platform/real-clients.ts';
import { WRITTEN_BY_SANDBOX } from '../../src/sandbox/stand-ins/mark.ts';
import { countExchanges } from '../contract/exchanges.ts';
import { ROOT } from '../support/sources.ts';
import { playRecorded } from './ground/recorded.ts';
import { type Bench, type Figure, type Group, PROGRAM, runNode } from './harness.ts';

const PACKAGERS = 500;
const LOAD = { seconds: 5, connections: 8 };

/** Whether real clients can tell the sandbox from the real servers, and how much of a month it holds. */
export const ground: Group = {
  summary: 'the sandbox against what was recorded, with real clients, for a month (four minutes)',
  async *measure(bench) {
    yield* recorded(bench);
    yield await withRealClients(bench);
    yield await taskInfo(bench);
    yield await month(bench);
  },
};

async function* recorded(bench: Bench): AsyncIterable<Figure> {
  const counts = countExchanges();
  const sum = (of: 'exchanges' | 'notReplayed') => counts.reduce((all, count) => all + count[of], 0);
  const [files, exchanges, listed] = [counts.length, sum('exchanges'), sum('notReplayed')];
  const played = exchanges - listed;
  bench.say(`${exchanges} recorded exchanges in ${files} files, ${played} to be played`);
  const { tests, failed } = await playRecorded(bench);
  yield {
    name: 'recorded',
    value: (100 * (tests - failed)) / tests,
    unit: '%',
    aim: { atLeast: 100 },
    measured: `${played} of ${exchanges} exchanges of ${files} files, played by ${tests} tests, ${failed} of which failed`,
  };
  yield {
    name: 'not-played',
    value: (100 * listed) / exchanges,
    unit: '%',
    aim: { atMost: 10 },
    measured: `${listed} of ${exchanges} exchanges stand on the list, each with its reason`,
  };
}

async function withRealClients(bench: Bench): Promise<Figure> {
  const figure = { name: 'real-clients', unit: 's', aim: { atMost: 180 } } as const;
  const { missing } = await findRealClients({
    path: process.env['PATH'],
    packageDir: ROOT,
    notWith: WRITTEN_BY_SANDBOX,
  });
  if (missing.length > 0) {
    const measured = `not measured: ${missing.join(', ')} not found, \`npm run clients\` installs them`;
    return { ...figure, value: Number.NaN, measured };
  }
  bench.say('single-build with the real koji, bodhi and fedpkg, speed 60');
  const since = performance.now();
  await bench.run(
    ['run', 'single-build', '--env', 'sandbox', '--clients', 'real', '--speed', '60'].concat([
      '--data',
      join(bench.dir, 'data'),
    ]),
  );
  const value = (performance.now() - since) / 1000;
  return { ...figure, value, measured: 'one run of single-build at speed 60, its sandbox started for it' };
}

async function taskInfo(bench: Bench): Promise<Figure> {
  bench.say('getTaskInfo, as often as one core can');
  const dir = join(bench.dir, 'busy-hub');
  const running = bench.start([
    ...['sandbox', '--packagers', '20', '--speed', '1', '--dir', dir, '--clients', 'stand-ins'],
  ]);
  try {
    const line = await running.said(/url: \S+\/kojihub/);
    const url = /http\S+\/kojihub/.exec(line)?.[0] ?? '';
    await running.said(/The sandbox is up/);
    const newest = '<struct><member><name>order</name><value><string>-id</string></value></member></struct>';
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body: call('listTasks', '<struct></struct>', newest),
    });
    const id = /<name>id<\/name>\s*<value><int>(\d+)<\/int>/.exec(await answer.text())?.[1] ?? '';
    if (id === '') throw new Error('the sandbox tells of no task');
    const body = call('getTaskInfo', `<int>${id}</int>`);
    const load = join(ROOT, 'test/bench/ground/load.ts');
    const args = [load, url, body, String(LOAD.seconds), String(LOAD.connections)];
    const { perSecond, requests, failed, p99Ms } = JSON.parse(await runNode(bench, args));
    return {
      name: 'task-info',
      value: failed === 0 ? perSecond : 0,
      unit: 'a second',
      aim: { atLeast: 2000 },
      measured: `${requests} requests in ${LOAD.seconds} s over ${LOAD.connections} connections, ${failed} failed, 99 of 100 within ${p99Ms.toFixed(1)} ms`,
    };
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
}

function call(method: string, ...params: readonly string[]): string {
  const values = params.map((param) => `<param><value>${param}</value></param>`).join('');
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`;
}

interface Day {
  readonly day: number;
  readonly rss: number;
  readonly cpu_s: number;
  readonly messages: number;
  readonly troubles: number;
}

async function month(bench: Bench): Promise<Figure> {
  bench.say(`a month with ${PACKAGERS} packagers, without waiting for the clock`);
  const file = join(ROOT, 'test/bench/ground/month.js');
  const days = ['1', '30'];
  const args = ['--expose-gc', file, dirname(PROGRAM), join(bench.dir, 'month'), String(PACKAGERS), ...days];
  const said = await runNode(bench, args);
  const [first, last] = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Day);
  if (first === undefined || last === undefined) throw new Error('the month did not come to its end');
  const mb = (day: Day) => `${Math.round(day.rss / 1e6)} MB`;
  return {
    name: 'memory',
    value: last.troubles === 0 ? last.rss / first.rss : Number.NaN,
    unit: 'times',
    aim: { atMost: 1.5 },
    measured: `${mb(last)} after 30 days against ${mb(first)} after one, ${PACKAGERS} packagers; ${Math.round(last.cpu_s)} s of CPU, ${last.troubles} troubles`,
  };
}
