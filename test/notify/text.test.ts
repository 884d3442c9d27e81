import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.ts';
import type { IncidentMessage } from '../../src/core/notice.ts';
import type { HttpRequest } from '../../src/core/ports.ts';
import { envelope } from '../../src/notify/envelope.ts';
import { mail } from '../../src/notify/mail.ts';
import { matrix } from '../../src/notify/matrix.ts';
import { noticeId } from '../../src/notify/notice-id.ts';
import { manyLines, oneLine } from '../../src/notify/text.ts';
import { webhook } from '../../src/notify/webhook.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incident, incidentMessage, notice } from '../support/notices.ts';
import { decodeHeader, mailServer, type ReceivedMail } from '../support/receivers.ts';

const never = new AbortController().signal;

/** What faults, logs of builds and playful people bring into a text. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '\r\nBcc: everybody@example.org\r\n\r\n',
        '\n.\n',
        '\u0000',
        '\ud800',
        '\u2028',
        '\u202e',
        '\u0085',
        '<script>alert(1)</script>',
        '</pre>',
        '"\'&amp;',
        '=?utf-8?Q?x?=',
        '\u{1F525}\u{1F468}\u200D\u{1F692}',
        '漢字',
        '{{ . }}',
        'x'.repeat(3000),
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const nastyMessage: fc.Arbitrary<IncidentMessage> = fc
  .record({ title: nasty, text: nasty, link: nasty, id: nasty })
  .map(({ title, text, link, id }) =>
    incidentMessage('opened', {
      incident: incident({ incident_id: id === '' ? 'x' : id, ticket: text }),
      title,
      text,
      links: [
        { title: link, url: `https://example.org/${link}` },
        { title: link, url: 'javascript:alert(1)' },
      ],
    }),
  );

describe('whatever a text has in it', () => {
  test('one line is one line, well formed, not longer than asked, and the same when cleaned again', () => {
    fc.assert(
      fc.property(nasty, fc.integer({ min: 1, max: 100 }), (text, most) => {
        const line = oneLine(text, most);
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        expect(line.isWellFormed()).toBe(true);
        expect(line.length).toBeLessThanOrEqual(most);
        expect(oneLine(line, most)).toBe(line);
      }),
    );
  });

  test('many lines keep their breaks and lose what is no text', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const clean = manyLines(text, 1000);
        expect(clean).not.toMatch(/[^\P{Cc}\n\t]/u);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean.length).toBeLessThanOrEqual(1000);
      }),
    );
    expect(manyLines('one\r\ntwo\rthree\u2028four', 100)).toBe('one\ntwo\nthree\nfour');
  });

  test('an id goes into a header, a Message-ID and a path as it is', () => {
    fc.assert(
      fc.property(nasty, (subject) => {
        expect(noticeId({ subject, state: 'opened' })).toMatch(/^[\w./-]{1,151}\/opened$/);
      }),
    );
  });

  test('what machines get is one line of JSON that says the same', () => {
    fc.assert(
      fc.property(nastyMessage, (message) => {
        const text = envelope(notice(message));
        expect(text).not.toMatch(/[\n\r]/);
        expect(text.isWellFormed()).toBe(true);
        expect(JSON.parse(text)).toMatchObject({ message: { title: message.title.toWellFormed() } });
        // A half that was escaped would be none of a text for stricter readers.
        expect(text).not.toMatch(/\\ud[89a-f]/i);
      }),
    );
  });

  test('a webhook sends headers that every client takes', async () => {
    await fc.assert(
      fc.asyncProperty(nastyMessage, async (message) => {
        let sent: HttpRequest | undefined;
        const http = async (request: HttpRequest) => {
          sent = request;
          return { request, status: 200, headers: {}, body: '' };
        };
        const options = { ...channelOptions(), http };
        const hook = webhook('a', { kind: 'webhook', url: 'http://localhost', runs: false }, options);
        await hook.send(notice(message), never);
        expect(() => new Headers(sent?.headers)).not.toThrow();
      }),
    );
  });

  test('a Matrix event is not too large, and its HTML has only our own tags and addresses', async () => {
    await fc.assert(
      fc.asyncProperty(nastyMessage, async (message) => {
        let body = '';
        const http = async (request: HttpRequest) => {
          body = request.body ?? '';
          return { request, status: 200, headers: {}, body: '{"event_id": "$1"}' };
        };
        const room = {
          kind: 'matrix',
          homeserver: 'http://localhost',
          room: '!a:b',
          token: { env: 'T' },
        } as const;
        const chat = matrix('chat', room, { ...channelOptions({ T: 'x' }), http });
        await chat.send(notice(message), never);
        expect(Buffer.byteLength(body)).toBeLessThan(60_000);
        const { formatted_body: html } = JSON.parse(body) as { formatted_body: string };
        expect(html.replace(/<(\/?(p|strong|pre|a)|a href="https:\/\/[^"<>]*")>/g, '')).not.toMatch(/[<>"]/);
      }),
    );
  });

  test('a mail has one subject, our headers alone, lines that every server takes, and its text', async () => {
    await using server = await mailServer();
    const channel = mail(
      'a',
      {
        kind: 'mail',
        server: `127.0.0.1:${server.port}`,
        tls: 'if_offered',
        from: 'packprobe@example.org',
        to: ['oncall@example.org'],
      },
      channelOptions(),
    );
    await fc.assert(
      fc.asyncProperty(nastyMessage, async (message) => {
        await channel.send(notice(message), never).catch((fault: Fault) => expect(fault).toBeUndefined());
        const got = server.received.at(-1) as ReceivedMail;
        expect(got.to).toEqual(['oncall@example.org']);
        expect([...got.headers.keys()].sort()).toEqual([
          'auto-submitted',
          'content-transfer-encoding',
          'content-type',
          'date',
          'from',
          'message-id',
          'mime-version',
          'precedence',
          'subject',
          'to',
          'x-auto-response-suppress',
          'x-packprobe-id',
        ]);
        for (const line of got.headerLines) expect(line).toMatch(/^[\x20-\x7e]{0,998}$|^\t/);
        for (const line of got.raw.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
        const shown = oneLine(message.title, 200).replaceAll('=?', '= ?');
        expect(decodeHeader(got.headers.get('subject') ?? '')).toBe(`[packprobe] ${shown}`);
        expect(got.text).toContain(manyLines(message.text, 100_000));
      }),
      { numRuns: 15 },
    );
  });
});
