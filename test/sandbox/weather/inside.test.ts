import { expect, test } from 'vitest';
import { discoverFaults } from '../../../src/sandbox/faults/declared.ts';
import { heldClock } from '../../../src/sandbox/kit/clock.ts';
import type { Kit, SandboxFault } from '../../../src/sandbox/kit/kit.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { Inside } from '../../../src/sandbox/weather/inside.ts';
import { inventOthers } from '../../../src/sandbox/weather/others.ts';

const world = { ...defaultWorld(), others: inventOthers(3, 'a') };
const [theirs = ''] = world.others.packages.keys();
const NVR = `${theirs}-1.0-1.fc44`;
const URL = 'http://127.0.0.1:1';
const DECISION = {
  policies_satisfied: true,
  summary: 'All required tests passed or were waived',
  satisfied_requirements: [{ type: 'test-result-passed', testcase: 'a', subject_identifier: NVR }],
  unsatisfied_requirements: [],
};

const faults = await discoverFaults();

function inside(broken: SandboxFault['hooks'] | ((kit: Kit) => SandboxFault['hooks']) = {}) {
  const clock = heldClock({ epoch: 0, speed: 60 });
  const trouble = (_where: string, error: unknown) => {
    throw error;
  };
  const kit = openKit({ clock, world, dir: '/nowhere', seed: 'a', trouble });
  const hooks = typeof broken === 'function' ? broken(kit) : broken;
  kit.faults.set('test', { name: 'test', hooks });
  const ways = new Inside(kit);
  const heard: string[] = [];
  ways.join('resultsdb', {
    url: URL,
    ask: async ({ root, path, query = [] }) => {
      heard.push(path);
      return { status: 200, type: 'application/json', body: `${root}${path}${query.join(' ')}` };
    },
  });
  ways.join('greenwave', {
    url: URL,
    ask: async () => ({ status: 200, type: 'application/json', body: JSON.stringify(DECISION) }),
  });
  return {
    clock,
    heard,
    kit,
    ways,
    ask: (item?: string) =>
      ways.ask('resultsdb', {
        method: 'GET',
        path: '/results',
        ...(item === undefined ? {} : { query: [['item', item]] }),
      }),
    decide: () =>
      ways.ask('greenwave', { method: 'POST', path: '/api/v1.0/decision', body: { subject: [] } }),
  };
}

test('what only concerns builds of others goes by the port, and names the address of the system', async () => {
  const { ways, ask } = inside();
  expect(ways.concerns([NVR])).toBe(true);
  expect(ways.concerns([NVR, 'dummy-test-package-gloster-1.0-1.fc44'])).toBe(false);
  expect(ways.concerns([])).toBe(false);
  expect(await ask()).toEqual({ status: 200, text: `${URL}/results` });
});

test.each<[string, SandboxFault['hooks'], number]>([
  [
    'an answer in its place',
    { wire: () => ({ answer: { status: 500, contentType: 'text/html', body: 'no' } }) },
    500,
  ],
  ['a connection that is cut', { wire: () => ({ answer: 'drop' }) }, 503],
  ['a closed port', { refuses: () => true }, 503],
])('a fault of the wire hits who goes by the port: %s', async (_name, hooks, status) => {
  expect(await inside(hooks).ask()).toMatchObject({ status });
});

test('nobody inside waits for ever for a system that is silent', async () => {
  const { ask, clock } = inside({ wire: () => ({ answer: 'hang' }) });
  const answer = ask();
  await clock.runTo(61_000);
  expect(await answer).toMatchObject({ status: 503 });
});

test('a connection that is cut in the middle of the answer was asked all the same', async () => {
  const { ask, heard } = inside({ wire: () => ({ answer: 'cut' }) });
  expect(await ask()).toEqual({ status: 503, text: '' });
  expect(heard).toEqual(['/results']);
});

test('what a fault tells instead of the true answer is told inside, too', async () => {
  const { ask } = inside(faults.get('resultsdb:truncated')?.hooks);
  expect(await ask()).toEqual({ status: 200, text: 'http://127.0.' });
});

test('a cache repeats the true answer of each question, not an empty one of all', async () => {
  const { ask, heard, kit } = inside(faults.get('resultsdb:old-answers')?.hooks);
  const one = await ask('one');
  expect(one).toEqual({ status: 200, text: `${URL}/resultsitem,one` });
  expect(await ask('another')).toEqual({ status: 200, text: `${URL}/resultsitem,another` });
  expect(await ask('one')).toEqual(one);
  expect(heard).toHaveLength(2);
  const met = kit.hooks.wire('resultsdb', { method: 'GET', path: '/results?item=one' });
  expect(met?.answer).toMatchObject({ body: one.text });
});

test.each([
  ['disagrees', false],
  ['never-satisfied', false],
  ['passes-untested', true],
  ['cached', true],
])('greenwave:%s tells its decision about the builds of others, too', async (what, satisfied) => {
  const { decide } = inside(faults.get(`greenwave:${what}`)?.hooks);
  const { status, text } = await decide();
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ policies_satisfied: satisfied });
});
