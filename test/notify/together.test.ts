import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Config } from '../../src/core/config.ts';
import type { IncidentChange } from '../../src/core/notice.ts';
import { openChannels } from '../../src/notify/channels.ts';
import { openSender } from '../../src/notify/outbox.ts';
import { openStore } from '../../src/store/store.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incident, incidentMessage, newNotice, runMessage } from '../support/notices.ts';
import { alertmanager, homeserver, httpReceiver, mailServer } from '../support/receivers.ts';
import { withTool } from '../support/tools.ts';

withTool(
  'alertmanager',
  'receivers of every kind are told from the database while another one hangs for ever',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'packprobe-together-'));
    try {
      await using dead = await httpReceiver(() => undefined);
      await using hook = await httpReceiver(() => ({ status: 204 }));
      await using paged = await httpReceiver(() => ({ status: 200 }));
      await using post = await mailServer();
      await using chat = await homeserver({ token: 'token', room: '!room:test', alias: '#ops:test' });
      await using alerts = await alertmanager({ webhook: paged.url });
      const token = { env: 'TOKEN' };
      const file = join(dir, 'messages');
      const receivers: Config['receivers'] = {
        hanging: { kind: 'webhook', url: dead.url, runs: true },
        hook: { kind: 'webhook', url: { env: 'URL' }, signature: token, runs: true },
        mail: {
          kind: 'mail',
          server: `127.0.0.1:${post.port}`,
          tls: 'if_offered',
          from: 'packprobe@example.org',
          to: ['oncall@example.org'],
        },
        chat: { kind: 'matrix', homeserver: chat.url, room: '#ops:test', token },
        alerts: { kind: 'alertmanager', url: alerts.url },
        pager: { kind: 'command', command: ['sh', '-c', 'cat >> "$1"', 'sh', file], runs: false },
      };
      await using store = openStore(join(dir, 'packprobe.db'));
      const options = channelOptions({ TOKEN: 'token', URL: hook.url });
      const since = Date.now() - 60_000;
      const broken = incident({ since });
      const sender = openSender({
        outbox: store.outbox,
        channels: await openChannels(receivers, options),
        clock: options.clock,
        log: options.log,
        open: async () => [],
      });
      const shutdown = new AbortController();
      const run = sender.run(shutdown.signal);
      // As a finished run does it: the incident and all that is told of it at once.
      const tell = async (change: IncidentChange) => {
        const state = change === 'resolved' ? 'resolved' : 'open';
        const now = { ...broken, state, resolved_at: state === 'open' ? null : Date.now() } as const;
        const message = incidentMessage(change, { incident: now });
        await store.incidents.apply(
          [now],
          Object.keys(receivers).map((receiver) => newNotice(receiver, message, { created_at: Date.now() })),
        );
        sender.nudge();
      };
      await store.incidents.apply([], [newNotice('hook', runMessage('run-1'), { created_at: Date.now() })]);
      await tell('opened');
      await tell('resolved');
      const waiting = async () => (await store.outbox.backlog()).map(({ receiver }) => receiver);
      await expect.poll(waiting, { timeout: 15_000 }).toEqual(['hanging']);

      expect(dead.received).toHaveLength(1);
      expect(hook.received.map(({ headers }) => headers['x-packprobe-id'])).toEqual([
        'run-1/ended',
        `${broken.incident_id}/opened`,
        `${broken.incident_id}/resolved`,
      ]);
      expect(post.received).toHaveLength(2);
      expect(chat.events).toHaveLength(2);
      expect(await alerts.alerts()).toEqual([]);
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual([
        `${broken.incident_id}/opened`,
        `${broken.incident_id}/resolved`,
      ]);
      shutdown.abort(new Error('the service stops'));
      await run;
      expect(await waiting()).toEqual(['hanging']);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
