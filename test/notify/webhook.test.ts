import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { webhook } from '../../src/notify/webhook.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incidentMessage, notice, runMessage } from '../support/notices.ts';
import { type Answer, httpReceiver, type Received } from '../support/receivers.ts';

const never = new AbortController().signal;
const KEY = 'a-key-for-signing';

function channel(url: string | { env: string }, secrets: Record<string, string> = {}, more: object = {}) {
  return webhook('machines', { kind: 'webhook', url, runs: true, ...more }, channelOptions(secrets));
}

/** What a careful receiver does with a request. */
function isSigned({ headers, body }: Received): boolean {
  const expected = createHmac('sha256', KEY)
    .update(`${headers['x-packprobe-timestamp']}.${body}`)
    .digest('hex');
  return headers['x-packprobe-signature'] === `sha256=${expected}`;
}

describe('a webhook', () => {
  test('posts each message as JSON with an id, a schema version and a signature that can be checked', async () => {
    await using receiver = await httpReceiver((request) => ({ status: isSigned(request) ? 204 : 403 }));
    const hook = channel(
      `${receiver.url}/in`,
      { KEY, TOKEN: 'bearer-me' },
      {
        signature: { env: 'KEY' },
        token: { env: 'TOKEN' },
      },
    );
    const message = runMessage('run-1');
    await hook.send(notice(message), never);
    await hook.send(notice(message), never);
    const [first, second] = receiver.received;
    expect(first).toMatchObject({
      method: 'POST',
      path: '/in',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer bearer-me',
        'x-packprobe-id': 'run-1/ended',
        'x-packprobe-schema': '1',
      },
    });
    expect(JSON.parse(first?.body ?? '')).toEqual({
      schema_version: 1,
      id: 'run-1/ended',
      receiver: 'test',
      created_at: '2026-11-17T08:00:00.000Z',
      message,
    });
    expect(second?.body).toBe(first?.body);
    expect(Math.abs(Number(first?.headers['x-packprobe-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('is refused by a receiver with another key', async () => {
    await using receiver = await httpReceiver((request) => ({ status: isSigned(request) ? 204 : 403 }));
    const hook = channel(receiver.url, { KEY: 'another' }, { signature: { env: 'KEY' } });
    await expect(hook.send(notice(incidentMessage()), never)).rejects.toMatchObject({
      code: 'RECEIVER_REFUSED',
      kind: 'rejected',
    });
  });

  test.each<[string, Answer, object]>([
    ['400', { status: 400 }, { kind: 'rejected' }],
    ['410', { status: 410 }, { kind: 'rejected' }],
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, { kind: 'rejected' }],
    ['304', { status: 304 }, { kind: 'rejected' }],
    ['408', { status: 408 }, { kind: 'unavailable', evidence: { status: 408 } }],
    ['425', { status: 425 }, { kind: 'unavailable' }],
    [
      '429 with seconds',
      { status: 429, headers: { 'retry-after': '120' } },
      { kind: 'unavailable', evidence: { retry_after_ms: 120_000 } },
    ],
    [
      '503 with a day',
      { status: 503, headers: { 'retry-after': '86400' } },
      { kind: 'unavailable', evidence: { retry_after_ms: 3_600_000 } },
    ],
    [
      '503 with a date that has passed',
      { status: 503, headers: { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' } },
      { kind: 'unavailable', evidence: { retry_after_ms: 0 } },
    ],
    ['503 with nonsense', { status: 503, headers: { 'retry-after': 'soon' } }, { evidence: { status: 503 } }],
  ])('that is answered %s ends as that says', async (_, answer, fault) => {
    await using receiver = await httpReceiver(({ path }) =>
      path === '/elsewhere' ? { status: 200 } : answer,
    );
    await expect(channel(receiver.url).send(notice(runMessage('run-1')), never)).rejects.toMatchObject(fault);
    expect(receiver.received).toHaveLength(1);
  });

  test('that nobody answers ends with its signal', async () => {
    await using receiver = await httpReceiver(() => undefined);
    const limit = new AbortController();
    const sent = channel(receiver.url).send(notice(runMessage('run-1')), limit.signal);
    await expect.poll(() => receiver.received.length).toBe(1);
    limit.abort(new Error('too long'));
    await expect(sent).rejects.toThrow('too long');
  });

  test('sends a login of a secret address as a header', async () => {
    await using receiver = await httpReceiver(() => ({ status: 200 }));
    const url = receiver.url.replace('http://', 'http://me:p%40ss@');
    await channel({ env: 'URL' }, { URL: `${url}/x\n` }).send(notice(runMessage('run-1')), never);
    expect(receiver.received[0]?.headers.authorization).toBe(`Basic ${btoa('me:p@ss')}`);
  });

  test.each([
    ['whose name nobody knows', 'https://SECRET-PATH.invalid/SECRET-PATH'],
    ['where nobody listens', 'http://u:SECRET-PATH@127.0.0.1:1/SECRET-PATH'],
    ['that is none', 'SECRET-PATH'],
    ['of another scheme', 'file:///SECRET-PATH'],
  ])('never says a secret address %s', async (_, url) => {
    const error = await channel({ env: 'URL' }, { URL: url })
      .send(notice(runMessage('run-1')), never)
      .catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(deep(error)).not.toContain('SECRET-PATH');
    expect(deep(error)).not.toContain('secret-path');
  });

  test('never says a token that no header can carry', async () => {
    const hook = channel(
      'http://127.0.0.1:1',
      { TOKEN: 'marker-7 is no\nheader' },
      { token: { env: 'TOKEN' } },
    );
    const error = await hook.send(notice(runMessage('run-1')), never).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'RECEIVER_SECRET_UNUSABLE', kind: 'prober' });
    expect(deep(error)).not.toContain('marker-7');
  });
});

/** All that a log could show of an error. */
function deep(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? '';
  return [error.message, error.stack, JSON.stringify(error), deep(error.cause)].join('\n');
}
