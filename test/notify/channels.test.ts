import { expect, test } from 'vitest';
import { configSchema } from '../../src/core/config.ts';
import { openChannels } from '../../src/notify/channels.ts';
import { channelOptions } from '../support/channel-options.ts';

const token = { env: 'TOKEN' };

/** As `packprobe.yaml` has them. */
const { receivers } = configSchema.parse({
  receivers: {
    alerts: { kind: 'alertmanager', url: 'http://localhost:9093' },
    mail: { kind: 'mail', server: 'mail:25', from: 'a@example.org', to: ['b@example.org'] },
    hook: { kind: 'webhook', url: token, runs: true },
    chat: { kind: 'matrix', homeserver: 'https://example.org', room: '#a:example.org', token },
    pager: { kind: 'command', command: ['pager'] },
  },
});

test('every kind of receiver that a configuration can have is carried, machines by what they ask for', async () => {
  const channels = await openChannels(receivers, channelOptions());
  expect([...channels].map(([name, { carries }]) => [name, ...carries])).toEqual([
    ['alerts', 'incident'],
    ['mail', 'incident'],
    ['hook', 'incident', 'run', 'step'],
    ['chat', 'incident'],
    ['pager', 'incident'],
  ]);
});

test('a receiver that would open tickets is refused by its name', async () => {
  const { receivers: tickets } = configSchema.parse({
    receivers: {
      forge: {
        kind: 'ticket',
        forge: 'forgejo',
        url: 'https://example.org',
        project: 'infra/tickets',
        token,
      },
    },
  });
  await expect(openChannels(tickets, channelOptions())).rejects.toMatchObject({
    code: 'RECEIVER_KIND_MISSING',
    kind: 'prober',
    message: expect.stringContaining('receivers.forge'),
  });
});
