import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Fault } from '../../src/core/fault.ts';
import type { StepDefinition } from '../../src/core/step.ts';
import type { Store } from '../../src/core/store.ts';
import { runCancelled } from '../../src/engine/limits.ts';
import { action, type EngineWorld, engineWorld } from '../support/engine-world.ts';
import { settle } from '../support/fake-clock.ts';

/** Somebody else's system: what is there, and what was asked of it. */
function elsewhere() {
  const things = new Map<number, string>();
  const log: string[] = [];
  let next = 1;
  return {
    things,
    log,
    make(owner: string): number {
      log.push('make');
      const id = next++;
      things.set(id, owner);
      return id;
    },
    find(owner: string): number | undefined {
      log.push('find');
      return [...things].find(([, of]) => of === owner)?.[0];
    },
    remove(id: number): void {
      log.push(`remove ${id}`);
      things.delete(id);
    },
  };
}

async function unanswered(): Promise<undefined> {
  throw new Fault('away', { code: 'AWAY', kind: 'unavailable' });
}

type Elsewhere = ReturnType<typeof elsewhere>;

const removeThing = (there: Elsewhere, refuse: () => boolean = () => false) =>
  action(
    async (_, { id }) => {
      if (refuse()) throw new Fault('it does not go', { code: 'STUCK', kind: 'rejected' });
      there.remove(Number(id));
      return { made: 'removed' };
    },
    { input: z.strictObject({ id: z.number().describe('Which.') }) as never },
  );

const login = (log: string[]) =>
  action(
    async () => {
      log.push('login');
      return {};
    },
    { input: z.strictObject({}) as never },
  );

const makeThing = (there: Elsewhere, after: () => void = () => {}): StepDefinition =>
  action(async ({ effect, run }) => {
    const id = await effect({
      kind: 'thing',
      find: async () => there.find(run.id),
      make: async () => {
        const made = there.make(run.id);
        after();
        return made;
      },
      undo: (made) => ({ uses: 'a/remove', with: { id: made } }),
    });
    return { made: String(id) };
  });

const ledger = async (world: EngineWorld) =>
  (await world.stored()).effects.map(({ kind, state, identity }) => `${kind} ${identity} ${state}`);

describe('an effect', () => {
  test('is on disk as an intent before it is made', async () => {
    const there = elsewhere();
    let seen: unknown;
    const world = engineWorld({
      'fas/login': login(there.log),
      'a/remove': removeThing(there),
      'a/make': action(async ({ effect }) => {
        const id = await effect({
          kind: 'thing',
          find: async () => undefined,
          make: async () => {
            seen = await ledger(world);
            return there.make('us');
          },
        });
        return { made: String(id) };
      }),
    });
    await using _ = world;
    await world.ran('  - { uses: a/make }\n');
    expect(seen).toEqual(['thing null intended']);
    expect(await ledger(world)).toEqual(['thing 1 kept']);
  });

  test('is not made when its intent cannot be written', async () => {
    const there = elsewhere();
    const full = new Fault('no space', { code: 'DISK_FULL', kind: 'prober' });
    const changeStore = (store: Store): Store => ({
      ...store,
      begin: async (...asked) => ({
        ...(await store.begin(...asked)),
        intend: async () => {
          throw full;
        },
      }),
    });
    await using world = engineWorld(
      { 'a/make': makeThing(there), 'a/remove': removeThing(there) },
      { changeStore },
    );
    expect(await world.ran('  - { uses: a/make }\n')).toMatchObject({
      outcome: 'errored',
      fault: { code: 'DISK_FULL' },
    });
    expect(there.log).toEqual([]);
  });

  test('whose answer was lost is found by the second attempt and not made twice', async () => {
    const there = elsewhere();
    let lost = true;
    const lose = () => {
      if (!lost) return;
      lost = false;
      throw new Fault('the answer was lost', { code: 'LOST', kind: 'unavailable' });
    };
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/make': makeThing(there, lose),
      'a/remove': removeThing(there),
    });
    const run = await world.ran('  - { uses: a/make }\n');
    expect(run.outcome).toBe('passed');
    expect(there.log).toEqual(['make', 'find', 'login', 'remove 1']);
    expect(await ledger(world)).toEqual(['thing 1 undone']);
  });

  test('that an earlier attempt made answers at once', async () => {
    const there = elsewhere();
    let tries = 0;
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/remove': removeThing(there),
      'a/make': action(async (context) => {
        const answer = await makeThing(there).run({}, context);
        tries += 1;
        if (tries < 3) throw new Fault('away', { code: 'AWAY', kind: 'unavailable' });
        return answer;
      }),
    });
    expect(await world.ran('  - { uses: a/make }\n')).toMatchObject({ outcome: 'passed' });
    expect(there.log).toEqual(['make', 'login', 'remove 1']);
  });
});

describe('the undo', () => {
  test('takes away the last first, in a folder of its own behind that of the run, after one login', async () => {
    const there = elsewhere();
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/make': makeThing(there),
      'a/remove': removeThing(there),
    });
    const run = await world.ran('  - { uses: a/make }\n  - { id: second, uses: a/make }\n');
    expect(run.outcome).toBe('passed');
    expect(there.log).toEqual(['make', 'make', 'login', 'remove 2', 'remove 1']);
    expect(world.folders).toEqual(['+run-1', '-run-1', '+run-undo-1', '-run-undo-1']);
    expect(await world.stored()).toMatchObject({ state: 'finished' });
  });

  test('that fails stays in the ledger with what was seen, and does not change the outcome', async () => {
    const there = elsewhere();
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/make': makeThing(there),
      'a/remove': removeThing(there, () => true),
    });
    expect(await world.ran('  - { uses: a/make }\n')).toMatchObject({ outcome: 'passed' });
    const stored = await world.stored();
    expect(stored).toMatchObject({
      state: 'finalizing',
      effects: [{ state: 'made', undo_attempts: 1, undo_evidence: { code: 'STUCK', outcome: 'failed' } }],
    });
    expect(world.told).toContainEqual(expect.objectContaining({ type: 'undo_ended', result: 'left' }));
  });

  test('of a system that comes back is tried again within its limit', async () => {
    const there = elsewhere();
    let away = 2;
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/make': makeThing(there),
      'a/remove': action(
        async (_, { id }) => {
          away -= 1;
          if (away >= 0) throw new Fault('away', { code: 'AWAY', kind: 'unavailable' });
          there.remove(Number(id));
          return {};
        },
        { input: z.strictObject({ id: z.number().describe('Which.') }) as never },
      ),
    });
    await world.ran('  - { uses: a/make }\n');
    expect(await ledger(world)).toEqual(['thing 1 undone']);
  });

  test('of a step that was cancelled in the making looks for it, and takes it away when it is there', async () => {
    const there = elsewhere();
    const slow = action(async ({ effect, run, signal, clock }) => {
      const id = await effect({
        kind: 'thing',
        find: async () => there.find(run.id),
        make: async () => {
          await clock.sleep(60_000, signal).catch(() => {});
          // The client is stopped, its request goes on.
          void clock.sleep(12_000, new AbortController().signal).then(() => there.make(run.id));
          throw signal.reason;
        },
        undo: (made) => ({ uses: 'a/remove', with: { id: made } }),
      });
      return { made: String(id) };
    });
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/slow': slow,
      'a/remove': removeThing(there),
    });
    const controller = new AbortController();
    const running = world.run('  - { uses: a/slow }\n', { signal: controller.signal });
    await settle();
    controller.abort(runCancelled('SIGINT'));
    await world.clock.advance(600_000);
    expect(await running).toMatchObject({ outcome: 'cancelled' });
    expect(there.things.size).toBe(0);
    expect(await ledger(world)).toEqual(['thing 1 undone']);
  });

  test('of an intent that nobody can find strikes it out', async () => {
    const there = elsewhere();
    const folders: string[][] = [];
    const refused = action(async ({ effect }) => {
      await effect({
        kind: 'thing',
        find: async () => {
          folders.push([...world.folders]);
          return there.find('nobody');
        },
        make: async () => {
          throw new Fault('no', { code: 'NO', kind: 'rejected' });
        },
        undo: () => ({ uses: 'a/remove', with: { id: 0 } }),
      });
      return {};
    });
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/refused': refused,
      'a/remove': removeThing(there),
    });
    expect(await world.ran('  - { uses: a/refused }\n')).toMatchObject({
      outcome: 'failed',
      fault: { code: 'NO' },
    });
    expect(there.log).toEqual(['find', 'find', 'find']);
    // Whoever looks has no folder of the run: the one that undoes may be another process.
    expect(folders[0]).toEqual(['+run-1', '-run-1', '+run-undo-1']);
    expect(world.folders).toEqual(['+run-1', '-run-1', '+run-undo-1', '-run-undo-1']);
    expect(await ledger(world)).toEqual(['thing null struck']);
    expect(await world.stored()).toMatchObject({ state: 'finished' });
  });

  test('goes on when one of several cannot be taken away', async () => {
    const there = elsewhere();
    let refusals = 1;
    await using world = engineWorld({
      'fas/login': login(there.log),
      'a/make': makeThing(there),
      'a/remove': removeThing(there, () => refusals-- > 0),
    });
    await world.ran('  - { uses: a/make }\n  - { id: second, uses: a/make }\n');
    expect(await ledger(world)).toEqual(['thing 1 undone', 'thing 2 made']);
  });

  const asked: readonly [string, () => Promise<string | undefined>, number, string][] = [
    ['keeps in the ledger, found in its folder, what', async () => 'c0ffee', 1, 'commit c0ffee kept'],
    ['strikes out, when it was looked for, what', async () => undefined, 3, 'commit null struck'],
    ['strikes out, where nobody can be asked, what', unanswered, 6, 'commit null struck'],
  ];
  test.each(asked)(
    '%s cannot be undone and was asked for without an answer',
    async (_, find, looks, said) => {
      const folders: string[][] = [];
      const silent = action(async ({ effect }) => {
        await effect({
          kind: 'commit',
          find: async () => {
            folders.push([...world.folders]);
            return find();
          },
          make: async () => {
            throw new Fault('no answer', { code: 'SILENT', kind: 'rejected' });
          },
        });
        return {};
      });
      await using world = engineWorld({ 'a/silent': silent });
      expect(await world.ran('  - { uses: a/silent }\n')).toMatchObject({ fault: { code: 'SILENT' } });
      expect(folders).toHaveLength(looks);
      for (const there of folders) expect(there).not.toContain('-run-1');
      expect(world.folders.at(-1)).toMatch(/^-run-/);
      expect(await ledger(world)).toEqual([said]);
      expect(await world.stored()).toMatchObject({ state: 'finished' });
    },
  );

  test('looks for what cannot be undone for a minute at most, where its system hangs', async () => {
    let hung = 0;
    await using world = engineWorld({
      'a/silent': action(async ({ effect }) => {
        await effect({
          kind: 'commit',
          find: (signal) => {
            hung += 1;
            return new Promise<never>((_, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
            );
          },
          make: async () => {
            throw new Fault('no answer', { code: 'SILENT', kind: 'rejected' });
          },
        });
        return {};
      }),
    });
    const running = world.run('  - { uses: a/silent }\n');
    await settle();
    await world.clock.advance(59_000);
    expect(await ledger(world)).toEqual(['commit null intended']);
    await world.clock.advance(2000);
    await running;
    expect(hung).toBe(1);
    expect(await ledger(world)).toEqual(['commit null struck']);
  });

  test('logs in again when a login could not be had', async () => {
    const there = elsewhere();
    let refusals = 2;
    const away = action(
      async () => {
        refusals -= 1;
        if (refusals >= 0) throw new Fault('the KDC is away', { code: 'AWAY', kind: 'unavailable' });
        return {};
      },
      { input: z.strictObject({}) as never },
    );
    await using world = engineWorld({
      'fas/login': away,
      'a/make': makeThing(there),
      'a/remove': removeThing(there),
    });
    await world.ran('  - { uses: a/make }\n');
    expect(await ledger(world)).toEqual(['thing 1 undone']);
  });

  test('is left to whoever has taken the run over', async () => {
    const there = elsewhere();
    const world = engineWorld({
      'fas/login': login(there.log),
      'a/make': makeThing(there),
      'a/remove': removeThing(there),
      'a/stall': action(async () => {
        const other = new DatabaseSync(world.file);
        other.exec('update runs set fence = fence + 1');
        other.close();
        return {};
      }),
    });
    await using _ = world;
    const running = world.ran(
      '  - { uses: a/make }\n  - { uses: a/stall }\n  - { id: more, uses: a/make, always: true }\n',
    );
    await expect(running).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER' });
    expect(there.log).toEqual(['make']);
    expect(await ledger(world)).toEqual(['thing 1 made']);
  });

  test('is struck out when its whole environment is gone', async () => {
    const there = elsewhere();
    const gone = new AbortController();
    await using world = engineWorld(
      {
        'fas/login': login(there.log),
        'a/make': makeThing(there, () => gone.abort()),
        'a/remove': removeThing(there),
      },
      { gone: gone.signal },
    );
    await world.ran('  - { uses: a/make }\n');
    expect(there.log).toEqual(['make']);
    expect(await ledger(world)).toEqual(['thing 1 struck']);
    expect(await world.stored()).toMatchObject({ state: 'finished' });
  });
});
