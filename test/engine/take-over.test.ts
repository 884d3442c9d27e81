import { existsSync, readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { StepContext } from '../../src/core/step.ts';
import { workplacesBelow } from '../../src/platform/workplace.ts';
import { action, type EngineWorld, engineWorld } from '../support/engine-world.ts';
import { freshDir } from '../support/packprobe.ts';

const opened: (Disposable | AsyncDisposable)[] = [];
afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) {
    if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
    else resource[Symbol.dispose]();
  }
});

type Life = (context: StepContext, clone: string) => Promise<void>;

const STEPS = `  - { id: clone, uses: a/clone }
  - { id: write, uses: a/write, with: { value: "\${{ steps.clone.made }}" } }
  - { id: show, uses: a/show, with: { value: "\${{ steps.clone.made }}" } }
`;

/** A run that makes a clone, works in it and shows it, on a real disk; `lives` are what the owners of its second step do there, in order. */
function onDisk(...lives: Life[]): { readonly dir: string; readonly world: EngineWorld } {
  const place = freshDir();
  opened.push(place);
  const world = engineWorld(
    {
      'a/clone': action(async ({ dir, files }) => {
        await files.write('clone/foo.spec', 'cloned');
        return { made: `${dir}/clone` };
      }),
      'a/write': action(
        async (context, { value }) => {
          await lives.shift()?.(context, String(value));
          return { made: String(value) };
        },
        { input: z.strictObject({ value: z.string().describe('The clone.') }) as never },
      ),
      'a/show': action(async ({ files }, { value }) => ({ made: await files.read(`${value}/foo.spec`) })),
    },
    {
      workplaces: workplacesBelow({
        dir: place.dir,
        env: {},
        commandEnvironment: (_, home) => ({ HOME: home }),
        homeFiles: () => [{ path: '.gitconfig', content: '[user]\n' }],
      }),
    },
  );
  opened.push(world);
  return { dir: place.dir, world };
}

test('an owner that slept in the middle of its work spoils nothing of the one that has the run now', async () => {
  const asleep = Promise.withResolvers<void>();
  const woken = Promise.withResolvers<void>();
  const halfway = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const { dir, world } = onDisk(
    async ({ files }, clone) => {
      await files.write(`${clone}/foo.spec`, 'by the first');
      asleep.resolve();
      await woken.promise;
      await files.remove(clone);
      await files.write(`${clone}/foo.spec`, 'spoilt');
    },
    async ({ files }, clone) => {
      await files.write(`${clone}/foo.spec`, 'by the second');
      halfway.resolve();
      await gone.promise;
    },
  );
  const first = world.run(STEPS);
  await asleep.promise;
  const second = world.takenOver();
  await halfway.promise;
  woken.resolve();
  await expect(first).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
  // What the first has made since lies under its own name, until the run ends.
  expect(readdirSync(dir).sort()).toEqual(['run-1-1', 'run-1-2']);
  gone.resolve();
  const record = await second;
  expect(record).toMatchObject({
    outcome: 'passed',
    steps: [{}, {}, { outputs: { made: 'by the second' } }],
  });
  expect(record.steps.slice(0, 2).map(({ outputs }) => outputs['made'])).toEqual([
    `${dir}/run-1-2/clone`,
    `${dir}/run-1-2/clone`,
  ]);
  expect(readdirSync(dir)).toEqual([]);
});

test('one that wakes up when the run has long ended removes what it has made since', async () => {
  const asleep = Promise.withResolvers<void>();
  const woken = Promise.withResolvers<void>();
  let stray = false;
  const { dir, world } = onDisk(
    async ({ files }, clone) => {
      asleep.resolve();
      await woken.promise;
      await files.write(`${clone}/foo.spec`, 'spoilt');
      stray = existsSync(clone);
    },
    async () => {},
  );
  const first = world.run(STEPS);
  await asleep.promise;
  expect(await world.takenOver()).toMatchObject({ outcome: 'passed' });
  woken.resolve();
  await expect(first).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
  expect(stray).toBe(true);
  expect(readdirSync(dir)).toEqual([]);
});

test('three owners one after the other go on with the same clone, wherever their steps put it', async () => {
  const seen: string[] = [];
  const asleep = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const never = new Promise<void>(() => {});
  const work =
    (own: number): Life =>
    async ({ files }, clone) => {
      seen.push(`${clone.slice(-'run-1-1/clone'.length)} ${await files.read(`${clone}/foo.spec`)}`);
      await files.write(`${clone}/foo.spec`, `by ${own}`);
      asleep[own - 1]?.resolve();
      if (own < 3) await never;
    };
  const { dir, world } = onDisk(work(1), work(2), work(3));
  void world.run(STEPS);
  await asleep[0]?.promise;
  void world.takenOver();
  await asleep[1]?.promise;
  const record = await world.takenOver();
  expect(record).toMatchObject({
    outcome: 'passed',
    steps: [{}, { inputs: { value: `${dir}/run-1-3/clone` } }, { outputs: { made: 'by 3' } }],
  });
  expect((await world.stored()).record).toEqual(record);
  expect(seen).toEqual(['run-1-1/clone cloned', 'run-1-2/clone by 1', 'run-1-3/clone by 2']);
  expect(readdirSync(dir)).toEqual([]);
});
