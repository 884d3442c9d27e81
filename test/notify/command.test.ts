import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { command } from '../../src/notify/command.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incidentMessage, notice } from '../support/notices.ts';

const never = new AbortController().signal;
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'packprobe-command-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const script = (text: string, ...args: string[]) =>
  command(
    'pager',
    { kind: 'command', command: ['sh', '-c', text, 'sh', ...args], runs: false },
    channelOptions(),
  );

describe('a command', () => {
  test('gets the message on its standard input, and its arguments as they are', async () => {
    const file = join(dir, 'a file; with "odd" $name');
    await script('cat > "$1"', file).send(notice(incidentMessage()), never);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      schema_version: 1,
      id: '019a9000-0000-7000-8000-000000000001/opened',
      message: { type: 'incident', change: 'opened', incident: { system: 'koji' } },
    });
  });

  test('that reads nothing of a long message has taken it all the same', async () => {
    const long = incidentMessage('opened', { text: 'x'.repeat(500_000) });
    await expect(script('exit 0').send(notice(long), never)).resolves.toBeUndefined();
  });

  test.each([
    [75, { code: 'RECEIVER_BUSY', kind: 'unavailable' }],
    [1, { code: 'RECEIVER_REFUSED', kind: 'rejected', message: expect.stringContaining('no such room') }],
  ])('that ends with %d is answered so', async (exit, fault) => {
    const sent = script(`echo "no such room" >&2; exit ${exit}`).send(notice(incidentMessage()), never);
    await expect(sent).rejects.toMatchObject(fault);
  });

  test('that is not there is our own fault', async () => {
    const gone = command(
      'pager',
      { kind: 'command', command: ['/nonexistent/pager'], runs: false },
      channelOptions(),
    );
    await expect(gone.send(notice(incidentMessage()), never)).rejects.toMatchObject({ kind: 'prober' });
  });

  test('that hangs ends with its signal', async () => {
    const limit = new AbortController();
    const sent = script('echo here > "$1"; sleep 600', join(dir, 'started')).send(
      notice(incidentMessage()),
      limit.signal,
    );
    await expect
      .poll(() => readFileSync(join(dir, 'started'), { flag: 'a+', encoding: 'utf8' }))
      .toBe('here\n');
    limit.abort(new Error('too long'));
    await expect(sent).rejects.toThrow('too long');
  });
});
