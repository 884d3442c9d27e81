import { expect } from 'vitest';
import { freshDir, startSandbox } from '../support/packprobe.ts';
import { alertmanager, decodeHeader, httpReceiver, mailServer } from '../support/receivers.ts';
import { configure, eventually, startServe, writeProbe } from '../support/serve.ts';
import { withTool } from '../support/tools.ts';

const SELDOM = { schedule: { every: '365d', jitter: '0s' } };

withTool(
  'alertmanager',
  'an incident whose probe was taken out is said to be watched by nobody; closed, Alertmanager and people are told so once',
  async () => {
    using place = freshDir();
    await using people = await mailServer();
    await using onCall = await httpReceiver(() => ({ status: 200 }));
    await using alerts = await alertmanager({ webhook: onCall.url });
    await using sandbox = await startSandbox(place.dir, 300);
    const serve = (probe: string) =>
      configure(place.dir, {
        incidents: { remind_every: '366d' },
        environments: { sandbox: { probes: { [probe]: SELDOM } } },
        receivers: {
          oncall: { kind: 'alertmanager', url: alerts.url },
          people: {
            kind: 'mail',
            server: `127.0.0.1:${people.port}`,
            from: 'packprobe@example.org',
            to: ['infra@example.org'],
          },
        },
      });
    serve('scratch-build');
    writeProbe(place.dir, 'elsewhere', {
      package: 'elsewhere',
      steps: [{ uses: 'command/run', system: 'dist-git', with: { command: ['true'] } }],
    });
    await using serving = await startServe({ dir: place.dir, control: sandbox.control });
    const status = () => alerts.alerts().then(([alert]) => alert);

    await fetch(`${sandbox.control}/faults/koji:offline`, { method: 'PUT' });
    expect((await serving.post('/api/v1/probes/sandbox/scratch-build/run')).status).toBe(202);
    const { incident_id } = await eventually(
      async () => {
        const { items } = await serving.json<{ items: readonly { incident_id: string }[] }>(
          '/api/v1/incidents?state=open',
        );
        return items[0];
      },
      { within: 60_000, what: 'an incident' },
    );
    await eventually(async () => ((await status())?.status.state === 'active' ? true : undefined));

    serve('elsewhere');
    expect(await serving.reload()).toBe(true);
    expect(await serving.running.said(/nobody watches an open incident any more/)).toContain(incident_id);
    const shown = await serving.command('status');
    expect(shown.stdout).toContain(`incidents close ${incident_id} --because TEXT`);

    const closed = await serving.command(
      'incidents',
      'close',
      incident_id.slice(0, 13),
      '--because',
      'not built there any more',
    );
    expect(closed).toMatchObject({ code: 0, stderr: '' });
    await eventually(async () => (people.received.length >= 2 ? true : undefined), { what: 'two mails' });
    const [, over] = people.received;
    expect(decodeHeader(over?.headers.get('subject') ?? '')).toMatch(/koji on sandbox: closed by \S+ after /);
    expect(over?.text).toContain('not built there any more');
    await eventually(async () => ((await status()) === undefined ? true : undefined), { what: 'no alert' });
    const total = (name: string) => serving.metric(name, { environment: 'sandbox', system: 'koji' });
    expect(await total('packprobe_incidents_total')).toBe(1);
    expect(await total('packprobe_incident_seconds_total')).toBeGreaterThan(0);
    expect(people.received).toHaveLength(2);
    const told = () =>
      onCall.received.flatMap(({ body }) =>
        (JSON.parse(body) as { alerts: { status: string }[] }).alerts.map((one) => one.status),
      );
    await eventually(async () => (told().length >= 2 ? true : undefined), { what: 'the end of the alert' });
    expect(told()).toEqual(['firing', 'resolved']);
  },
);
