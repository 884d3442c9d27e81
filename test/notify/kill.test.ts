import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { newNotice, runMessage } from '../support/notices.ts';
import { httpReceiver } from '../support/receivers.ts';
import { ROOT } from '../support/sources.ts';

test('a sender that is killed while it sends loses no message, and repeats only the one under way', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-kill-'));
  let child: ChildProcess | undefined;
  try {
    // Killed at these requests: before the answer, so that nobody knows whether it was taken, and just behind it.
    const [before, behind] = [2, 5];
    let requests = 0;
    await using receiver = await httpReceiver(() => {
      requests += 1;
      if (requests === before) child?.kill('SIGKILL');
      if (requests === behind) setImmediate(() => child?.kill('SIGKILL'));
      return requests === before ? undefined : { status: 204 };
    });
    await using store = openStore(join(dir, 'packprobe.db'));
    const ids = Array.from({ length: 6 }, (_, index) => `run-${index}`);
    await store.incidents.apply(
      [],
      ids.map((id) => newNotice('machines', runMessage(id))),
    );
    for (let starts = 1; starts <= 3; starts += 1) {
      child = spawn(
        process.execPath,
        [join(ROOT, 'test/support/sender-process.ts'), join(dir, 'packprobe.db'), receiver.url],
        { stdio: 'inherit' },
      );
      const ended = once(child, 'exit');
      if (starts === 3) {
        await expect.poll(() => store.outbox.backlog(), { timeout: 20_000 }).toEqual([]);
        child.kill('SIGTERM');
      }
      expect(await ended).toEqual(starts === 3 ? [0, null] : [null, 'SIGKILL']);
    }
    const got = receiver.received.map(({ headers }) => String(headers['x-packprobe-id']));
    expect([...new Set(got)]).toEqual(ids.map((id) => `${id}/ended`));
    // One for each kill at most; the first was surely under way.
    expect(got.length).toBeGreaterThanOrEqual(7);
    expect(got.length).toBeLessThanOrEqual(8);
    expect(got.slice(1, 3)).toEqual(['run-1/ended', 'run-1/ended']);
  } finally {
    child?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
