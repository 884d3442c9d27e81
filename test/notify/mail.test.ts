import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { SMTPServerOptions } from 'smtp-server';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../../src/core/ports.ts';
import { mail } from '../../src/notify/mail.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incidentMessage, notice } from '../support/notices.ts';
import { mailServer, selfSigned } from '../support/receivers.ts';
import { withTool } from '../support/tools.ts';

const never = new AbortController().signal;
const INCIDENT = '019a9000-0000-7000-8000-000000000001';

function channel(port: number, more: object = {}, log?: Logger) {
  return mail(
    'oncall',
    {
      kind: 'mail',
      server: `127.0.0.1:${port}`,
      tls: 'if_offered',
      from: 'packprobe@example.org',
      to: ['oncall@example.org', 'lead@example.org'],
      ...more,
    },
    channelOptions({ PASSWORD: 'pass word\n' }, log === undefined ? {} : { log }),
  );
}

const smtpError = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

const onlyMe: SMTPServerOptions = {
  authOptional: false,
  onAuth({ username, password }, _, callback) {
    if (username === 'me' && password === 'pass word') callback(null, { user: username });
    else callback(smtpError(535, 'wrong'));
  },
};

describe('a mail', () => {
  test('is plain text from a machine, to all recipients, under an id of its notice', async () => {
    await using server = await mailServer();
    await channel(server.port).send(notice(incidentMessage()), never);
    const [got] = server.received;
    expect(got?.from).toBe('packprobe@example.org');
    expect(got?.to).toEqual(['oncall@example.org', 'lead@example.org']);
    expect(Object.fromEntries(got?.headers ?? [])).toMatchObject({
      from: 'packprobe <packprobe@example.org>',
      to: 'oncall@example.org, lead@example.org',
      subject: '[packprobe] koji fails on fedora since 2026-11-17T07:00Z',
      'message-id': `<packprobe.${INCIDENT}.opened@example.org>`,
      'auto-submitted': 'auto-generated',
      precedence: 'bulk',
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(got?.headers.has('in-reply-to')).toBe(false);
    expect(got?.text).toContain('koji task 7 ended failed\n2 of the last 6 failed');
    expect(got?.text).toContain('Runbook: https://example.org/runbooks/koji');
  });

  test('of a later change is a reply to the first, and has the same id whenever it is sent', async () => {
    await using server = await mailServer();
    for (let time = 0; time < 2; time += 1) {
      await channel(server.port).send(notice(incidentMessage('resolved')), never);
    }
    const opened = `<packprobe.${INCIDENT}.opened@example.org>`;
    for (const { headers } of server.received) {
      expect(headers.get('message-id')).toBe(`<packprobe.${INCIDENT}.resolved@example.org>`);
      expect(headers.get('in-reply-to')).toBe(opened);
      expect(headers.get('references')).toBe(opened);
    }
    expect(server.received).toHaveLength(2);
  });

  withTool('openssl', 'is sent through TLS to a server that knows the login', async () => {
    const trusted = getCACertificates('default');
    const { key, cert } = selfSigned();
    setDefaultCACertificates([...trusted, cert]);
    try {
      await using server = await mailServer({ ...onlyMe, key, cert, hideSTARTTLS: false });
      const login = { user: 'me', password: { env: 'PASSWORD' } };
      await channel(server.port, { tls: 'required', ...login }).send(notice(incidentMessage()), never);
      expect(server.received).toMatchObject([{ user: 'me', secure: true }]);
      await expect(
        channel(server.port, { user: 'you', password: { env: 'PASSWORD' } }).send(
          notice(incidentMessage()),
          never,
        ),
      ).rejects.toMatchObject({ code: 'RECEIVER_REFUSED', message: expect.stringContaining('535') });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });

  withTool('openssl', 'is not sent to a server whose certificate nobody vouches for', async () => {
    await using server = await mailServer({ ...selfSigned(), hideSTARTTLS: false });
    await expect(channel(server.port).send(notice(incidentMessage()), never)).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(server.received).toEqual([]);
  });

  test('that needs TLS is not sent to a server without', async () => {
    await using server = await mailServer({ disabledCommands: ['STARTTLS'] });
    await expect(
      channel(server.port, { tls: 'required' }).send(notice(incidentMessage()), never),
    ).rejects.toMatchObject({ kind: 'unavailable' });
    expect(server.received).toEqual([]);
  });

  test('sends no password over a wire in the clear', async () => {
    const asked: string[] = [];
    await using server = await mailServer({
      onAuth({ username = '' }, _, callback) {
        asked.push(username);
        callback(null, { user: username });
      },
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
    });
    const login = { user: 'me', password: { env: 'PASSWORD' } };
    // Loopback by another name, which is not taken for it.
    const far = channel(server.port, { server: `[::ffff:127.0.0.1]:${server.port}`, ...login });
    await expect(far.send(notice(incidentMessage()), never)).rejects.toMatchObject({
      message: expect.stringContaining('TLS failed'),
    });
    expect(asked).toEqual([]);
    await channel(server.port, login).send(notice(incidentMessage()), never);
    expect(asked).toEqual(['me']);
  });

  test.each([
    [550, 'rejected'],
    [421, 'unavailable'],
    [452, 'unavailable'],
  ])('that every recipient is refused with %d is %s', async (code, kind) => {
    await using server = await mailServer({
      onRcptTo: (_, __, callback) => callback(smtpError(code, 'not here')),
    });
    await expect(channel(server.port).send(notice(incidentMessage()), never)).rejects.toMatchObject({
      kind,
      message: expect.stringContaining(`${code}`),
    });
  });

  test('that is refused for its sender is given up', async () => {
    await using server = await mailServer({
      onMailFrom: (_, __, callback) => callback(smtpError(553, 'we do not know you')),
    });
    await expect(channel(server.port).send(notice(incidentMessage()), never)).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('we do not know you'),
    });
  });

  test('reaches a recipient who was busy later, and nobody twice', async () => {
    let busy = true;
    await using server = await mailServer({
      onRcptTo: ({ address }, _, callback) =>
        callback(busy && address.startsWith('lead') ? smtpError(450, 'greylisted') : undefined),
    });
    const oncall = channel(server.port);
    await expect(oncall.send(notice(incidentMessage()), never)).rejects.toMatchObject({
      kind: 'unavailable',
    });
    busy = false;
    await oncall.send(notice(incidentMessage()), never);
    expect(server.received.map(({ to }) => to)).toEqual([['oncall@example.org'], ['lead@example.org']]);
  });

  test('reaches the others where one recipient is refused for good, and says so', async () => {
    const said: object[] = [];
    const log: Logger = { ...channelOptions().log, error: (fields) => void said.push(fields) };
    await using server = await mailServer({
      onRcptTo: ({ address }, _, callback) =>
        callback(address.startsWith('lead') ? smtpError(550, 'no such user') : undefined),
    });
    await channel(server.port, {}, log).send(notice(incidentMessage()), never);
    expect(server.received).toHaveLength(1);
    expect(said).toEqual([{ receiver: 'oncall', refused: ['lead@example.org: 550 no such user'] }]);
  });

  test('to a server that is not there is tried again', async () => {
    const server = await mailServer();
    await server[Symbol.asyncDispose]();
    await expect(channel(server.port).send(notice(incidentMessage()), never)).rejects.toMatchObject({
      code: 'RECEIVER_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('to a server that says nothing ends with its signal', async () => {
    let greeted = false;
    await using server = await mailServer({
      onConnect: () => {
        greeted = true;
      },
    });
    const limit = new AbortController();
    const sent = channel(server.port).send(notice(incidentMessage()), limit.signal);
    await expect.poll(() => greeted).toBe(true);
    limit.abort(new Error('too long'));
    await expect(sent).rejects.toThrow('too long');
  });
});
