import { describe, expect, test } from 'vitest';
import { alertmanager as channelTo } from '../../src/notify/alertmanager.ts';
import type { ChannelOptions } from '../../src/notify/channel-options.ts';
import { channelOptions } from '../support/channel-options.ts';
import { incident, incidentMessage, notice } from '../support/notices.ts';
import { alertmanager, httpReceiver } from '../support/receivers.ts';
import { withTool } from '../support/tools.ts';

const never = new AbortController().signal;
const MINUTE = 60_000;

function channel(url: string, changes: Partial<ChannelOptions> = {}) {
  return channelTo(
    'alerts',
    { kind: 'alertmanager', url: `${url}/`, token: { env: 'TOKEN' } },
    channelOptions({ TOKEN: 'bearer-me' }, changes),
  );
}

describe('an Alertmanager', () => {
  withTool(
    'alertmanager',
    'is told of an incident once, keeps it while it is open and sees its end',
    async () => {
      await using people = await httpReceiver(() => ({ status: 200 }));
      await using real = await alertmanager({ webhook: people.url });
      const since = Date.now() - 60 * MINUTE;
      const open = incidentMessage('opened', { incident: incident({ since, environment: 'fedora' }) });
      const alerts = channel(real.url, { url: 'https://packprobe.example.org' });
      await alerts.send(notice(open), never);
      await alerts.send(notice(open), never);
      await alerts.refresh?.([open], never);

      const firing = await real.alerts();
      expect(firing).toMatchObject([
        {
          labels: {
            alertname: 'PackprobeSystemFailing',
            environment: 'fedora',
            system: 'koji',
            severity: 'critical',
          },
          annotations: {
            summary: open.title,
            description: open.text,
            run_id: '019a9000-0000-7000-8000-00000000000a',
            runbook_url: 'https://example.org/runbooks/koji',
            dashboard: 'https://example.org/dashboard',
          },
          startsAt: new Date(since).toISOString(),
          generatorURL: `https://packprobe.example.org/api/v1/incidents/${open.incident.incident_id}`,
        },
      ]);
      // Its own `resolve_timeout` would be five minutes.
      expect(Date.parse(firing[0]?.endsAt ?? '') - Date.now()).toBeGreaterThan(9 * MINUTE);
      await expect.poll(() => people.received.length, { timeout: 10_000 }).toBe(1);

      const over = incidentMessage('resolved', {
        incident: incident({ since, state: 'resolved', resolved_at: Date.now() - 1000 }),
      });
      await alerts.send(notice(over), never);
      expect(await real.alerts()).toEqual([]);
      await expect.poll(() => people.received.length, { timeout: 10_000 }).toBe(2);
      const states = people.received.map(({ body }) => (JSON.parse(body) as { status: string }).status);
      expect(states).toEqual(['firing', 'resolved']);
    },
  );

  withTool('alertmanager', 'takes whatever a text has in it', async () => {
    await using people = await httpReceiver(() => ({ status: 200 }));
    await using real = await alertmanager({ webhook: people.url });
    const text = 'a\u0000b\ud800<c>\u2028"d"\r\n{{ .Labels }} '.repeat(2000);
    const message = incidentMessage('opened', { title: text, text });
    await channel(real.url).send(notice(message), never);
    expect((await real.alerts())[0]?.annotations['summary']).toMatch(/^a b/);
  });

  test('is asked with the token, and told of times as the host calls them', async () => {
    await using server = await httpReceiver(() => ({ status: 200 }));
    const now = Date.now();
    const alerts = channel(server.url, {
      hostTime: (environment, at) => (environment === 'fedora' ? at - 5000 : at),
    });
    const message = incidentMessage('opened', { incident: incident({ since: now }) });
    await alerts.send(notice(message), never);
    expect(server.received).toMatchObject([
      { method: 'POST', path: '/api/v2/alerts', headers: { authorization: 'Bearer bearer-me' } },
    ]);
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject([
      { startsAt: new Date(now - 5000).toISOString() },
    ]);
  });

  test('is never told of a beginning or an end that lies ahead, or of an end before the beginning', async () => {
    await using server = await httpReceiver(() => ({ status: 200 }));
    const alerts = channel(server.url);
    const ahead = Date.now() + 60 * MINUTE;
    for (const resolved_at of [ahead + 1, ahead - 120 * MINUTE]) {
      const over = incident({ since: ahead, state: 'resolved', resolved_at });
      await alerts.send(notice(incidentMessage('resolved', { incident: over })), never);
    }
    for (const { body } of server.received) {
      const [alert] = JSON.parse(body) as [{ startsAt: string; endsAt: string }];
      expect(Date.parse(alert.startsAt)).toBeLessThanOrEqual(Date.now());
      expect(Date.parse(alert.endsAt)).toBeLessThanOrEqual(Date.now());
      expect(Date.parse(alert.endsAt)).toBeGreaterThanOrEqual(Date.parse(alert.startsAt));
    }
    expect(server.received).toHaveLength(2);
  });

  test('has a warning of what is our own fault', async () => {
    await using server = await httpReceiver(() => ({ status: 200 }));
    const own = incidentMessage('opened', { incident: incident({ system: 'own' }) });
    await channel(server.url).send(notice(own), never);
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject([{ labels: { severity: 'warning' } }]);
  });
});
