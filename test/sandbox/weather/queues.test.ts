import { expect, test } from 'vitest';
import { heldClock } from '../../../src/sandbox/kit/clock.ts';
import type { BuildFacts, KojiPort } from '../../../src/sandbox/kit/kit.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { openSigning } from '../../../src/sandbox/signing/signing.ts';

const FROM = 'f44-signing-pending';

/** Milliseconds after which each of so many builds is signed that are sent to signing at one moment. */
async function signed(count: number): Promise<readonly number[]> {
  const clock = heldClock({ epoch: 0, speed: 60 });
  const trouble = (_where: string, error: unknown) => {
    throw error;
  };
  const kit = openKit({ clock, world: defaultWorld(), dir: '/nowhere', seed: 'a', trouble });
  const times: number[] = [];
  openSigning(kit, {
    build: (nvr: string) => ({ nvr, tags: [FROM] }) as unknown as BuildFacts,
    sign: () => void times.push(clock.now()),
    tag: () => undefined,
    untag: () => undefined,
  } as Partial<KojiPort> as KojiPort);
  for (let i = 1; i <= count; i++) {
    kit.publish('buildsys.tag', {
      name: 'pear',
      version: '1.0',
      release: `${i}.fc44`,
      tag: FROM,
      user: 'bodhi',
    });
  }
  await clock.runTo(86_400_000);
  return times;
}

test('a single build is signed within three minutes, and a few at once hardly wait for each other', async () => {
  expect((await signed(1))[0]).toBeLessThan(180_000);
  const few = await signed(5);
  expect(few).toHaveLength(5);
  expect(Math.max(...few)).toBeLessThan(300_000);
});

test('the signer works on one message at a time: of two hundred at once the last waits for all', async () => {
  const times = await signed(200);
  expect(times).toHaveLength(200);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(3_000);
  expect(Math.max(...times)).toBeGreaterThan(20 * 60_000);
});
