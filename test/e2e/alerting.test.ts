import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freshDir, startSandbox } from '../support/packprobe.ts';
import {
  alertmanager,
  decodeHeader,
  freePort,
  type HttpReceiver,
  httpReceiver,
  mailServer,
} from '../support/receivers.ts';
import { configure, eventually, type ListedRun, type Serving, startServe } from '../support/serve.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';

/** As Alertmanager tells it to its own receivers. */
interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

/** The real one with the rules as they ship; it scrapes often, and tells an Alertmanager. */
async function prometheus(dir: string, target: string, alerts: string): Promise<AsyncDisposable> {
  const address = (url: string) => ({ static_configs: [{ targets: [new URL(url).host] }] });
  const config = {
    global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
    rule_files: [join(ROOT, 'config/prometheus/packprobe.rules.yaml')],
    scrape_configs: [{ job_name: 'packprobe', ...address(target) }],
    alerting: { alertmanagers: [address(alerts)] },
  };
  // JSON is YAML.
  writeFileSync(join(dir, 'prometheus.yaml'), JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(dir, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${await freePort()}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function run(serving: Serving, probe: string): Promise<ListedRun> {
  const { status, text } = await serving.post(`/api/v1/probes/sandbox/${probe}/run`);
  expect(status, text).toBe(202);
  const { due_id } = JSON.parse(text) as { due_id: number };
  return eventually(
    async () => {
      const { items } = await serving.json<{ items: readonly { due_id: number; run_id: string | null }[] }>(
        '/api/v1/schedule',
      );
      const run_id = items.find((due) => due.due_id === due_id)?.run_id;
      if (run_id == null) return undefined;
      const found = await serving.json<ListedRun>(`/api/v1/runs/${run_id}`);
      return found.outcome === null ? undefined : found;
    },
    { within: 60_000, what: `the end of a run of ${probe}` },
  );
}

/** What a receiver of Alertmanager was told last of each alert, by who raised it. */
function lastTold({ received }: HttpReceiver): ReadonlyMap<'rule' | 'packprobe', Alert> {
  const alerts = received.flatMap(({ body }) => (JSON.parse(body) as { alerts: readonly Alert[] }).alerts);
  // What Prometheus raises carries the job that it scraped.
  return new Map(alerts.map((alert) => [alert.labels['job'] === undefined ? 'packprobe' : 'rule', alert]));
}

withTool(
  'prometheus',
  'a fault of Koji reaches Alertmanager by the rule and by packprobe, and people by one mail; mended, all is taken back',
  async () => {
    using place = freshDir();
    await using people = await mailServer();
    await using onCall = await httpReceiver(() => ({ status: 200 }));
    await using alerts = await alertmanager({ webhook: onCall.url });
    await using sandbox = await startSandbox(place.dir, 300);
    const seldom = { schedule: { every: '365d', jitter: '0s' } };
    configure(place.dir, {
      incidents: { remind_every: '366d' },
      environments: { sandbox: { probes: { 'scratch-build': seldom } } },
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
    await using serving = await startServe({ dir: place.dir, control: sandbox.control });
    await using _ = await prometheus(place.dir, serving.url, alerts.url);
    const both = (status: Alert['status']) =>
      eventually(
        async () => {
          const told = lastTold(onCall);
          const [rule, own] = [told.get('rule'), told.get('packprobe')];
          return rule?.status === status && own?.status === status ? { rule, own } : undefined;
        },
        { within: 60_000, what: `both alerts ${status}` },
      );

    expect(await run(serving, 'scratch-build')).toMatchObject({ outcome: 'passed' });
    await fetch(`${sandbox.control}/faults/koji:offline`, { method: 'PUT' });
    const began = Date.now();
    const failed = await run(serving, 'scratch-build');
    expect(failed).toMatchObject({ outcome: 'failed', fault: { system: 'koji' } });

    const { rule, own } = await both('firing');
    const labels = { alertname: 'PackprobeSystemFailing', environment: 'sandbox', system: 'koji' };
    expect(rule.labels).toMatchObject({ ...labels, severity: 'critical', job: 'packprobe' });
    expect(own.labels).toMatchObject({ ...labels, severity: 'critical' });
    expect(own.annotations['summary']).toMatch(/^koji fails on sandbox since /);
    // Of the runs that belong to it the newest, which confirmed it.
    const { items } = await serving.json<{ items: readonly ListedRun[] }>('/api/v1/runs?outcome=failed');
    expect(items.map(({ run_id }) => run_id)).toContain(failed.run_id);
    expect(own.annotations['run_id']).toBe(items[0]?.run_id);
    // Told in the time of the people, though the sandbox has a time of its own.
    expect(Math.abs(Date.parse(own.startsAt) - began)).toBeLessThan(120_000);

    await fetch(`${sandbox.control}/faults/koji:offline`, { method: 'DELETE' });
    expect(await run(serving, 'scratch-build')).toMatchObject({ outcome: 'passed' });
    await both('resolved');
    await eventually(async () => (people.received.length >= 2 ? true : undefined), { what: 'two mails' });

    const [opened, resolved] = people.received;
    const subjects = people.received.map(({ headers }) => decodeHeader(headers.get('subject') ?? ''));
    expect(subjects).toEqual([
      expect.stringMatching(/koji fails on sandbox since /),
      expect.stringMatching(/koji works again on sandbox after /),
    ]);
    expect(opened?.text).toContain(`packprobe runs show ${failed.run_id}`);
    expect(opened?.text).toContain('2 of the last 3 failed');
    expect(resolved?.headers.get('in-reply-to')).toBe(opened?.headers.get('message-id'));
    // Nothing else was raised meanwhile, by nobody.
    const raised = await alerts.alerts();
    expect(raised.filter(({ labels: { alertname } }) => alertname !== 'PackprobeSystemFailing')).toEqual([]);
  },
);
