import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import type { Incident } from '../../src/core/incident.ts';
import type { Logger } from '../../src/core/ports.ts';
import type { Site } from '../../src/core/site.ts';
import type { Store } from '../../src/core/store.ts';
import { type Digester, openDigester } from '../../src/service/digester.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { HOUR_MS, runRecord, siteProbe, type Trouble } from '../support/incident-world.ts';
import { headerOf, OWNER, SCOPE, storeWorld } from '../support/store-world.ts';

const DAY_MS = 24 * HOUR_MS;
const signal = new AbortController().signal;

let world: ReturnType<typeof storeWorld>;
let store: Store;
let clock: FakeClock;
let sites: readonly Site[];
let digester: Digester;
let said: { readonly level: string; readonly fields: Record<string, unknown>; readonly sentence: string }[];
beforeEach(() => {
  world = storeWorld();
  store = world.store;
  clock = new FakeClock();
  said = [];
  sites = [served('single-build', 'scratch-build')];
  digester = open();
});
afterEach(() => world[Symbol.asyncDispose]());

function served(...probes: readonly string[]): Site {
  return {
    environment: { name: 'test' } as Site['environment'],
    scope: SCOPE,
    clock,
    probes: new Map(probes.map((name) => [name, siteProbe(name)])),
    maxRuns: undefined,
  };
}

function open(): Digester {
  const note = (level: string) => (fields: object, sentence: string) =>
    void said.push({ level, fields: { ...fields }, sentence });
  const log: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  const config = readConfig('packprobe.yaml', 'receivers: { team: { kind: command, command: [tell] } }\n');
  let ids = 0;
  return openDigester({
    store,
    sites: () => sites,
    config: () => config,
    clockOf: async () => clock,
    leftOut: () => null,
    changes: async () => [],
    context: () => ({ runbooks: 'docs/runbooks', procedures: {}, url: undefined }),
    ids: { uuid: () => `019a9000-0000-7000-8000-00000000000${++ids}`, random: () => 0.5 },
    clock,
    log,
    broke: (_, error) => {
      throw error;
    },
    digested() {},
  });
}

let runs = 0;

/** A run that has just ended, and what follows from it. */
async function run(probe: string, trouble?: Trouble): Promise<void> {
  const run_id = `run-${++runs}`;
  const record = {
    ...runRecord(siteProbe(probe), { run_id, probe, at: clock.now(), trouble }),
    environment: 'test',
  };
  await clock.advance(record.duration_ms);
  const { started_at } = record;
  const journal = await store.begin(
    headerOf(run_id, { probe, started_at, environment_definition: { name: 'test' } }),
    OWNER,
    () => true,
  );
  await journal.finish(record);
  await journal.letGo();
  await digester.work(signal);
}

async function outage(): Promise<Incident> {
  await run('single-build', { step: 'build' });
  await run('scratch-build', { step: 'build' });
  const [incident] = await store.incidents.live();
  if (incident?.state !== 'open') throw new Error('no incident is open');
  return incident;
}

/** `change: title` of all that people were told, the oldest first. */
async function told(): Promise<readonly string[]> {
  const notices = await store.outbox.list({ limit: 99 });
  return notices
    .toReversed()
    .flatMap(({ message }) => (message?.type === 'incident' ? [`${message.change}: ${message.title}`] : []));
}

/** A minute in which the service reminds. */
async function remindFor(ms: number): Promise<void> {
  const stop = new AbortController();
  const running = digester.reminding.run(stop.signal);
  await settle();
  await clock.advance(ms);
  await settle();
  stop.abort();
  await running;
}

const close = ({ incident_id }: Incident, because = 'it was a test') =>
  store.incidents.close(incident_id, { by: 'ann@desk', because, at: clock.now() });

describe('an incident that an operator closed', () => {
  test('is told once to be over, with who and why, and counted once', async () => {
    const incident = await outage();
    await clock.advance(HOUR_MS);
    await close(incident);
    for (let round = 0; round < 3; round += 1) await digester.work(signal);
    digester = open();
    await digester.work(signal);
    expect(await told()).toEqual([
      expect.stringMatching(/^opened: koji fails on test/),
      'resolved: koji on test: closed by ann@desk after 1h 03m',
    ]);
    const [notice] = await store.outbox.list({ limit: 1 });
    expect(notice?.message).toMatchObject({
      text: expect.stringContaining('it was a test\nNo run has shown that it works again.'),
      incident: { state: 'resolved', resolved_at: clock.now(), closed_by: 'ann@desk' },
    });
    const seconds = (await store.totals.all()).find(
      ({ metric }) => metric === 'packprobe_incident_seconds_total',
    );
    expect(seconds?.sum).toBe((clock.now() - incident.since) / 1000);
  });

  test('is followed by another when a run fails again, as the rules say', async () => {
    const first = await outage();
    await close(first);
    await run('single-build');
    await run('single-build', { step: 'build' });
    expect(await store.incidents.live()).toMatchObject([{ system: 'koji', state: 'suspected' }]);
    await run('scratch-build', { step: 'build' });
    const [second] = await store.incidents.live();
    expect(second).toMatchObject({ state: 'open', failures: 2, closed_by: null });
    expect(second?.incident_id).not.toBe(first.incident_id);
    expect(await told()).toHaveLength(3);
  });

  test('is followed by another at once when the next run fails, as the third in a row', async () => {
    await close(await outage());
    await run('scratch-build', { step: 'build' });
    expect(await store.incidents.live()).toMatchObject([{ state: 'open', failures: 1 }]);
  });

  test('that nobody was told of is dismissed, and nobody is told', async () => {
    await run('single-build', { step: 'build' });
    const [suspected] = await store.incidents.live();
    if (suspected === undefined) throw new Error('nothing is suspected');
    await close(suspected);
    await digester.work(signal);
    expect(await store.incidents.find(suspected.incident_id)).toMatchObject({ state: 'dismissed' });
    expect(await store.incidents.untold()).toEqual([]);
    expect(await told()).toEqual([]);
  });

  test('of an environment that is not served any more is told, too', async () => {
    const incident = await outage();
    sites = [];
    await close(incident, 'shut down');
    await digester.work(signal);
    expect((await told()).at(-1)).toBe('resolved: koji on test: closed by ann@desk after 3m 00s');
  });
});

describe('an incident that no run will end', () => {
  test.each([
    ['its environment is not served', () => []],
    ['no probe of it is left', () => [served()]],
    [
      'no probe meets its system',
      () => [
        { ...served(), probes: new Map([['x', siteProbe('single-build', { name: 'x', systems: ['fas'] })]]) },
      ],
    ],
  ])('as %s is said once in each life of the service, and nobody is reminded', async (_, reload) => {
    const { incident_id } = await outage();
    sites = reload();
    await digester.work(signal);
    const since = clock.now();
    const lines = () => said.filter(({ sentence }) => sentence.startsWith('nobody watches'));
    expect(lines()).toMatchObject([
      {
        level: 'warn',
        fields: { incident_id, hint: `packprobe incidents close ${incident_id} --because TEXT` },
      },
    ]);
    await remindFor(3 * DAY_MS);
    expect(await told()).toHaveLength(1);
    expect(lines()).toHaveLength(1);
    expect((await store.incidents.find(incident_id))?.unwatched_since).toBe(since);
    digester = open();
    await digester.work(signal);
    expect(lines()).toHaveLength(2);
  });

  test('is one as any other when its probe is back', async () => {
    const { incident_id } = await outage();
    const before = sites;
    sites = [];
    await digester.work(signal);
    sites = before;
    await digester.work(signal);
    expect((await store.incidents.find(incident_id))?.unwatched_since).toBeNull();
    await remindFor(DAY_MS + 60_000);
    expect((await told()).at(-1)).toMatch(/^reminded-1: /);
  });
});

test('an incident that a served probe can end is never said to be watched by nobody', async () => {
  await outage();
  sites = [served('scratch-build')];
  await digester.work(signal);
  await remindFor(120_000);
  expect(said.filter(({ sentence }) => sentence.startsWith('nobody watches'))).toEqual([]);
  await run('scratch-build');
  expect(await store.incidents.live()).toEqual([]);
});
