import { describe, expect, test } from 'vitest';
import { matrix } from '../../src/notify/matrix.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incidentMessage, notice } from '../support/notices.ts';
import { homeserver, httpReceiver } from '../support/receivers.ts';

const never = new AbortController().signal;
const TOKEN = 'syt_token';
const ROOM = '!abc:test';
const ALIAS = '#infra/noise:test';

function channel(url: string, room = ALIAS, token = TOKEN) {
  return matrix(
    'chat',
    { kind: 'matrix', homeserver: `${url}/`, room, token: { env: 'TOKEN' } },
    channelOptions({ TOKEN: token }),
  );
}

describe('a Matrix room', () => {
  test('gets an event with escaped HTML for each change, the later ones in a thread of the first', async () => {
    await using server = await homeserver({ token: TOKEN, room: ROOM, alias: ALIAS });
    const chat = channel(server.url);
    const title = 'koji <b>fails</b> on "fedora"';
    await chat.send(notice(incidentMessage('opened', { title })), never);
    await chat.send(notice(incidentMessage('resolved')), never);
    const [opened, resolved] = server.events;
    expect(opened).toMatchObject({
      room_id: ROOM,
      content: {
        msgtype: 'm.text',
        body: expect.stringContaining(title),
        format: 'org.matrix.custom.html',
        formatted_body: expect.stringContaining(
          '<strong>koji &#60;b&#62;fails&#60;/b&#62; on &#34;fedora&#34;</strong>',
        ),
        'm.mentions': {},
      },
    });
    expect(opened?.content['formatted_body']).toContain(
      '<a href="https://example.org/runbooks/koji">Runbook</a>',
    );
    expect(opened?.content['m.relates_to']).toBeUndefined();
    expect(resolved?.content).toMatchObject({
      msgtype: 'm.notice',
      'm.relates_to': { rel_type: 'm.thread', event_id: opened?.event_id },
    });
  });

  test('shows a message once that was sent twice', async () => {
    await using server = await homeserver({ token: TOKEN, room: ROOM, alias: ALIAS });
    await channel(server.url).send(notice(incidentMessage()), never);
    // Another process, after a crash.
    await channel(server.url).send(notice(incidentMessage()), never);
    expect(server.sends).toBe(2);
    expect(server.events).toHaveLength(1);
  });

  test('that takes no more for now says for how long', async () => {
    await using server = await homeserver({ token: TOKEN, room: ROOM, alias: ALIAS });
    server.limit(1);
    const chat = channel(server.url);
    await expect(chat.send(notice(incidentMessage()), never)).rejects.toMatchObject({
      kind: 'unavailable',
      evidence: { retry_after_ms: 300 },
    });
    await chat.send(notice(incidentMessage()), never);
    expect(server.events).toHaveLength(1);
  });

  test.each([
    ['an unknown alias', '#nobody:test', TOKEN, 'M_NOT_FOUND'],
    ['a room that was not joined', '!other:test', TOKEN, 'has the account joined the room?'],
    ['a token that is not known', ALIAS, 'old', 'M_UNKNOWN_TOKEN'],
  ])('refuses %s in words', async (_, room, token, words) => {
    await using server = await homeserver({ token: TOKEN, room: ROOM, alias: ALIAS });
    await expect(
      channel(server.url, room, token).send(notice(incidentMessage()), never),
    ).rejects.toMatchObject({
      code: 'RECEIVER_REFUSED',
      kind: 'rejected',
      message: expect.stringContaining(words),
    });
  });

  test.each([
    ['a web page', { status: 200, body: '<html>welcome</html>' }, 'malformed'],
    ['a broken proxy', { status: 502, body: '<html>bad gateway</html>' }, 'unavailable'],
    ['another success', { status: 202, body: '{}' }, 'rejected'],
  ])('behind %s is not taken for one that took it', async (_, answer, kind) => {
    await using server = await httpReceiver(() => answer);
    await expect(channel(server.url, ROOM).send(notice(incidentMessage()), never)).rejects.toMatchObject({
      kind,
    });
  });

  test('takes the longest text that there can be', async () => {
    await using server = await homeserver({ token: TOKEN, room: ROOM, alias: ALIAS });
    const chat = channel(server.url);
    for (const [index, character] of ['&', '"', '\u{1F525}', '漢'].entries()) {
      const links = Array.from({ length: 50 }, (_, at) => ({
        title: '"'.repeat(1000),
        url: `https://example.org/${at}?${'&'.repeat(450)}`,
      }));
      const text = character.repeat(100_000);
      const message = incidentMessage('opened', { title: text, text, links });
      await chat.send(notice(message, { subject: `incident-${index}` }), never);
    }
    expect(server.events).toHaveLength(4);
  });
});
