import { expect, test } from 'vitest';
import { heldClock } from '../../../src/sandbox/kit/clock.ts';
import type { SandboxFault } from '../../../src/sandbox/kit/kit.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { Inside } from '../../../src/sandbox/weather/inside.ts';
import { inventOthers } from '../../../src/sandbox/weather/others.ts';

const world = { ...defaultWorld(), others: inventOthers(3, 'a') };
const [theirs = ''] = world.others.packages.keys();
const NVR = `${theirs}-1.0-1.fc44`;
const URL = 'http://127.0.0.1:1';

function inside(hooks: SandboxFault['hooks'] = {}) {
  const clock = heldClock({ epoch: 0, speed: 60 });
  const trouble = (_where: string, error: unknown) => {
    throw error;
  };
  const kit = openKit({ clock, world, dir: '/nowhere', seed: 'a', trouble });
  kit.faults.set('test', { name: 'test', hooks });
  const ways = new Inside(kit);
  ways.join('resultsdb', {
    url: URL,
    ask: async ({ root, path }) => ({ status: 200, type: 'application/json', body: `${root}${path}` }),
  });
  return { clock, ask: () => ways.ask('resultsdb', { method: 'GET', path: '/results' }), ways };
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
