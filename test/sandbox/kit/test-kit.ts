import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxClock } from '../../../src/sandbox/kit/clock.ts';
import { type OpenKit, openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld, type World } from '../../../src/sandbox/kit/world.ts';

/** Tuesday 2026-11-17T08:00:00Z, as the sandbox starts. */
export const EPOCH = Date.UTC(2026, 10, 17, 8);

export interface TestKit extends OpenKit {
  /** What went wrong inside, as `where: error`. */
  readonly troubles: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** A kit in a folder of its own, closed and removed by `await using`. */
export async function testKit(
  options: { speed?: number; world?: World; epoch?: number } = {},
): Promise<TestKit> {
  const dir = await mkdtemp(join(tmpdir(), 'packprobe-kit-'));
  const troubles: string[] = [];
  const trouble = (where: string, error: unknown) => void troubles.push(`${where}: ${String(error)}`);
  const clock = sandboxClock(options.epoch ?? EPOCH, options.speed ?? 60, trouble);
  const kit = openKit({ clock, world: options.world ?? defaultWorld(), dir, seed: '1', trouble });
  return {
    ...kit,
    troubles,
    async [Symbol.asyncDispose]() {
      clock.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
