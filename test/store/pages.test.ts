import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from '../../src/core/pages.ts';
import { SCOPE, storeWorld } from '../support/store-world.ts';

const RUNS = 5_600;
const idOf = (number: number) => `019a9000-0000-7000-8000-${String(number).padStart(12, '0')}`;

let world: ReturnType<typeof storeWorld>;
beforeAll(async () => {
  world = storeWorld();
  await world.store.list({ limit: 1 });
  using db = new DatabaseSync(world.file);
  db.exec('begin');
  const run = db.prepare(
    `insert into runs (run_id, environment, scope, probe, package, branch, state, outcome, started_at, ended_at, header, owner, fence, fault)
     values (?, 'test', '${SCOPE}', ?, 'p', 'stable', 'finished', ?, ?, ?, '{}', '{"host":"here","pid":1}', 1, ?)`,
  );
  const step = db.prepare(
    `insert into steps (run_id, idx, step, uses, system, outcome, started_at, duration_ms) values (?, ?, ?, 'koji/build', 'koji', ?, ?, 5)`,
  );
  for (let number = 0; number < RUNS; number += 1) {
    const isRare = number === 7;
    const outcome = isRare ? 'failed' : 'passed';
    run.run(
      idOf(number),
      isRare ? 'rare' : 'often',
      outcome,
      number,
      number + 5,
      isRare ? '{"system":"bodhi"}' : null,
    );
    for (const index of [0, 1]) step.run(idOf(number), index, `s${index}`, outcome, number);
  }
  db.exec('commit');
});
afterAll(() => world[Symbol.asyncDispose]());

async function walk<Item>(ask: (before: string | undefined) => Promise<Page<Item>>) {
  const items: Item[] = [];
  let pages = 0;
  for (let before: string | undefined; ; ) {
    const page = await ask(before);
    items.push(...page.items);
    pages += 1;
    if (page.next === null) return { items, pages };
    before = page.next;
  }
}

test('all runs come once, newest first', async () => {
  const { items, pages } = await walk((before) =>
    world.store.pages.runs({ limit: 200, ...(before === undefined ? {} : { before }) }),
  );
  expect(items.map(({ run_id }) => run_id)).toEqual(
    Array.from({ length: RUNS }, (_, at) => idOf(RUNS - 1 - at)),
  );
  expect(pages).toBe(Math.ceil(RUNS / 200));
});

test.each([{ probe: 'rare' }, { outcome: 'failed' }, { system: 'bodhi' }] as const)(
  'what is rare is found behind pages that are empty: %j',
  async (filter) => {
    const { items, pages } = await walk((before) =>
      world.store.pages.runs({ ...filter, limit: 50, ...(before === undefined ? {} : { before }) }),
    );
    expect(items.map(({ run_id }) => run_id)).toEqual([idOf(7)]);
    expect(pages).toBe(2);
  },
);

test('all steps come once, the last of the newest run first, wherever a page ends', async () => {
  const { items } = await walk((before) =>
    world.store.pages.steps({ limit: 199, ...(before === undefined ? {} : { before }) }),
  );
  expect(items.map(({ run_id, index }) => `${run_id} ${index}`)).toEqual(
    Array.from({ length: 2 * RUNS }, (_, at) => `${idOf(RUNS - 1 - Math.floor(at / 2))} ${1 - (at % 2)}`),
  );
});

test('steps of a rare run are found behind pages that are empty', async () => {
  const { items } = await walk((before) =>
    world.store.pages.steps({ outcome: 'failed', limit: 1, ...(before === undefined ? {} : { before }) }),
  );
  expect(items.map(({ run_id, index }) => [run_id, index])).toEqual([
    [idOf(7), 1],
    [idOf(7), 0],
  ]);
});

test('since leaves out what began before', async () => {
  const { items } = await walk((before) =>
    world.store.pages.runs({ since: RUNS - 3, limit: 2, ...(before === undefined ? {} : { before }) }),
  );
  expect(items).toHaveLength(3);
});

test('the last run of a probe is the one that ended last', async () => {
  expect(await world.store.pages.lastEnded(SCOPE, 'often')).toMatchObject({ run_id: idOf(RUNS - 1) });
  expect(await world.store.pages.lastEnded(SCOPE, 'never')).toBeUndefined();
});

test.each(['', "'; drop table runs", '../..'])('%j is no cursor', async (before) => {
  await expect(world.store.pages.runs({ before, limit: 1 })).rejects.toThrow(RangeError);
  await expect(world.store.pages.steps({ before, limit: 1 })).rejects.toThrow(RangeError);
});
