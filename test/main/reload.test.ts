import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { ServiceConfig } from '../../src/cli/serve.ts';
import { reloading } from '../../src/main/reload.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { freshDir } from '../support/packprobe.ts';
import { silentLogger } from '../support/step-context.ts';

interface World {
  readonly file: string;
  /** Texts that were loaded, one for each try. */
  readonly loaded: string[];
  readonly said: string[];
  readonly clock: FakeClock;
}

/** Runs the loop on one file of its own while `act` is at work. */
async function watching(load: (world: World) => void, act: (world: World) => Promise<void>): Promise<void> {
  using place = freshDir();
  const file = join(place.dir, 'packprobe.yaml');
  const world: World = { file, loaded: [], said: [], clock: new FakeClock() };
  writeFileSync(file, '1');
  const config = { files: [file], sites: [] } as unknown as ServiceConfig;
  const stop = new AbortController();
  const loop = reloading({
    current: () => config,
    async load() {
      load(world);
      return config;
    },
    use: async () => {},
    tried: () => {},
    onHangUp: () => ({ [Symbol.dispose]() {} }),
    clock: world.clock,
    log: silentLogger,
    say: (text) => world.said.push(text),
  }).run(stop.signal);
  await vi.waitFor(() => expect(world.clock.waiting).toBe(1));
  await act(world);
  stop.abort();
  await loop;
}

/** One look of the loop after the other, until it has tried so often. */
const tries = (count: number, { clock, loaded }: World) =>
  vi.waitFor(async () => {
    await clock.advance(5000);
    expect(loaded.length).toBeGreaterThanOrEqual(count);
  });

test('a file that changes while it is read is read once more', () =>
  watching(
    ({ loaded, file }) => {
      loaded.push('read');
      if (loaded.length === 1) appendFileSync(file, '3');
    },
    async (world) => {
      appendFileSync(world.file, '2');
      await tries(2, world);
      expect(world.said).toEqual(['the configuration was read anew', 'the configuration was read anew']);
    },
  ));

test('what was refused is tried again, and said once: what it lacks may be a file that comes later', () => {
  let missing = true;
  return watching(
    ({ loaded }) => {
      loaded.push('read');
      if (missing) throw new Error('there is no environment "fedora"');
    },
    async (world) => {
      appendFileSync(world.file, '2');
      await tries(3, world);
      expect(world.said).toEqual(['there is no environment "fedora"\nThe old configuration stays.']);
      missing = false;
      await tries(world.loaded.length + 1, world);
      await vi.waitFor(() => expect(world.said.at(-1)).toBe('the configuration was read anew'));
      expect(world.said).toHaveLength(2);
    },
  );
});
