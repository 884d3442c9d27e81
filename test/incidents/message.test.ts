import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../src/core/incident-rules.ts';
import type { IncidentMessage, NewNotice } from '../../src/core/notice.ts';
import { incidentMessage } from '../../src/incidents/message.ts';
import { noticesOf, reminders } from '../../src/incidents/notices.ts';
import { envelope } from '../../src/notify/envelope.ts';
import { HOUR_MS, IncidentWorld, START } from '../support/incident-world.ts';
import { ROOT } from '../support/sources.ts';

const KOJI = { step: 'build', evidence: { task_id: 7, state: 'FAILED', arch: 'aarch64' } } as const;
const at = (hours: number) => START + hours * HOUR_MS;
const context = {
  now: at(3),
  runbooks: 'docs/runbooks',
  procedures: { koji: { title: 'Koji procedure', url: 'https://example.org/koji' } },
  url: 'https://packprobe.example.org',
} as const;

async function outage(config?: string): Promise<IncidentWorld> {
  const world = new IncidentWorld(config);
  for (let hour = -28; hour < -2; hour += 1) await world.run({ probe: 'scratch-build', at: at(hour) });
  const changes = [
    {
      at: at(-5),
      kind: 'playbook',
      text: 'playbook openshift-apps/bodhi.yml by kevin: 3 changed',
      link: null,
    },
    { at: at(-1), kind: 'version', text: 'koji: version 1.35.2 became 1.35.3', link: null },
  ];
  await world.run({ probe: 'single-build', at: at(0), trouble: KOJI, changes });
  await world.run({ probe: 'scratch-build', at: at(1), trouble: KOJI, cause: 'confirm' });
  return world;
}

const messageOf = ({ message }: NewNotice) => message as IncidentMessage;

describe('what people are told', () => {
  test('names what failed before once, whatever the number of its task, and not what fails now again', async () => {
    const incident = (await outage()).last('koji');
    const [first] = incident.runs;
    if (first === undefined) throw new Error('it has no runs');
    const failedWith = (message: string) => ({ ...first, fault: { ...first.fault, message } });
    const said = ['task 1 was freed', 'hub is down', 'task 4 was freed', 'task 7 was freed'];
    const { text } = incidentMessage({ ...incident, runs: said.map(failedWith) }, 'opened', context);
    expect(text).toContain('What happened: task 7 was freed\n');
    expect(text).toContain('Before that:\n  HTTP_UNREACHABLE: hub is down\n\n');
  });

  test('of an incident that is open is all that is known of it, in one text', async () => {
    const world = await outage();
    const { title, text, links } = incidentMessage(world.last('koji'), 'opened', context);
    expect(title).toBe('koji fails on fedora since 2026-11-17T08:06Z');
    expect(text).toBe(`koji on fedora fails since 2026-11-17T08:06Z (2h 54m).

What happened: build went wrong
  HTTP_UNREACHABLE, unavailable, in step build of probe scratch-build; 2 runs failed
  task_id: 7
  state: FAILED
  arch: aarch64

Last good run before: 019a9000-0000-7000-8000-0a0000000026 (scratch-build) at 2026-11-17T05:03Z, 5h 57m ago.
2 of the last 6 failed; normal is none in 26.
Rule: confirmed.

Of it failed: arch aarch64

What changed in the 24 h before:
  2026-11-17T07:00Z koji: version 1.35.2 became 1.35.3
  2026-11-17T03:00Z playbook openshift-apps/bodhi.yml by kevin: 3 changed

Runbook: docs/runbooks/koji.md
Koji procedure: https://example.org/koji
Incident: https://packprobe.example.org/api/v1/incidents/019a9000-0000-7000-8000-0b0000000028
Last run: https://packprobe.example.org/api/v1/runs/019a9000-0000-7000-8000-0a0000000029
packprobe runs show 019a9000-0000-7000-8000-0a0000000027
packprobe runs show 019a9000-0000-7000-8000-0a0000000029`);
    expect(links.map(({ title }) => title)).toEqual(['Koji procedure', 'Incident', 'Last run']);
  });

  test('of one that is over says how long it was', async () => {
    const world = await outage();
    await world.run({ probe: 'scratch-build', at: at(3) });
    const { title, text } = messageOf(world.notices.at(-1)!);
    expect(title).toBe('koji works again on fedora after 2h 57m');
    expect(text).toMatch(
      /^koji on fedora failed from 2026-11-17T08:06Z to 2026-11-17T11:03Z \(2h 57m\) and is good again\./,
    );
  });

  test.each([
    ['acknowledged', 'koji fails on fedora since 2026-11-17T08:06Z: kevin is on it'],
    ['reminded-2', 'koji still fails on fedora since 2026-11-17T08:06Z (reminder 2)'],
    ['flapping', 'koji comes and goes on fedora since 2026-11-17T08:06Z'],
  ] as const)('%s', async (change, title) => {
    const world = await outage();
    const incident = { ...world.last('koji'), acknowledged_by: 'kevin' };
    expect(incidentMessage(incident, change, context).title).toBe(title);
  });

  test('a reminder says how old the last failure is: nobody may look any more', async () => {
    const incident = (await outage()).last('koji');
    const later = { ...context, now: at(90 * 24) };
    const { text } = incidentMessage(incident, 'reminded-90', later);
    expect(text).toMatch(/^The last run that failed ended at 2026-11-17T09:0\dZ, 89d 22h \d\dm ago\.$/m);
    expect(incidentMessage(incident, 'opened', context).text).not.toContain('The last run that failed');
  });

  test('of one that somebody closed says who and why, and not that it works', async () => {
    const incident = (await outage()).last('koji');
    const closed = {
      ...incident,
      state: 'resolved',
      resolved_at: at(3),
      closed_at: at(3),
      closed_by: 'kevin',
      closed_because: 'the\n  mirror moved',
    } as const;
    const { title, text } = incidentMessage(closed, 'resolved', context);
    expect(title).toBe('koji on fedora: closed by kevin after 2h 54m');
    expect(text).toMatch(
      /^koji on fedora failed since 2026-11-17T08:06Z\. kevin closed it at 2026-11-17T11:00Z \(after 2h 54m\): the mirror moved\nNo run has shown that it works again\.\n/,
    );
    const lonely = incidentMessage({ ...closed, unwatched_since: 1 }, 'resolved', context);
    expect(lonely.text).toContain('that it works again, and nobody watches it any more.');
    expect(text).not.toContain('is good again');
  });

  test('builds, updates, arches and checks of all runs stand in one message', async () => {
    const world = new IncidentWorld();
    for (const [hour, testcase] of ['tier0.functional', 'rpmlint'].entries()) {
      const evidence = { unsatisfied: [{ type: 'test-result-failed', testcase }] };
      await world.run({
        probe: 'single-build',
        at: at(9 * hour),
        trouble: { step: 'wait-decision', evidence },
      });
    }
    const [opened, ...more] = world.notices.map(messageOf);
    expect(more).toEqual([]);
    expect(opened?.text).toContain(`Builds: gloster-0-${at(0)}.fc44, gloster-0-${at(9)}.fc44`);
    expect(opened?.text).toContain(
      'Of it failed: tier0.functional test-result-failed, rpmlint test-result-failed',
    );
  });
});

describe('who is told', () => {
  const config = `receivers:
  all: { kind: command, command: [tell] }
  bodhi: { kind: command, command: [tell], systems: [bodhi] }
  staging: { kind: command, command: [tell], environments: [fedora-staging] }
  asleep: { kind: command, command: [tell], quiet_hours: { from: "22:00", to: "12:00", time_zone: UTC } }
`;

  test('only receivers of the system and environment, in quiet hours after their end', async () => {
    const world = await outage(config);
    expect(world.notices.map(({ receiver, state, due_at }) => [receiver, state, due_at])).toEqual([
      ['all', 'opened', at(1) + 3 * 60_000],
      ['asleep', 'opened', Date.UTC(2026, 10, 17, 12)],
    ]);
  });

  test('what was opened and is over again before anybody was told is told as one', async () => {
    const world = await outage(config);
    await world.run({ probe: 'scratch-build', at: at(2) });
    const resolved = world.notices.find(
      ({ receiver, state }) => receiver === 'asleep' && state === 'resolved',
    );
    expect(resolved?.replaces).toEqual(['opened', 'flapping', 'acknowledged']);
  });

  test('nobody twice of the same change', async () => {
    const world = await outage(config);
    const again = noticesOf(world.last('koji'), 'opened', {
      receivers: world.config.receivers,
      context,
      now: 1,
    });
    const keys = (notices: readonly NewNotice[]) =>
      notices.map(({ receiver, subject, state }) => `${receiver} ${subject} ${state}`);
    expect(keys(again)).toEqual(keys(world.notices));
  });

  test('people are reminded once a day until somebody acknowledges it, which is told once', async () => {
    const world = await outage();
    const { receivers, incidents: rules } = world.config;
    const remind = (incident = world.last('koji'), now = at(0)) =>
      reminders([incident], ({ system }) => rulesOf(rules, system), {
        receivers,
        context,
        now,
        toHost: (ms) => ms,
      });
    const told = world.last('koji').told_at ?? 0;
    const day = 24 * HOUR_MS;
    expect(remind(world.last('koji'), told + day - 1).notices).toEqual([]);
    const first = remind(world.last('koji'), told + day);
    expect(first.notices.map(({ state }) => state)).toEqual(['reminded-1']);
    const [reminded] = first.incidents;
    expect(remind(reminded, told + day + 1).notices).toEqual([]);
    expect(remind(reminded, told + 2 * day).notices.map(({ state }) => state)).toEqual(['reminded-2']);
    const acknowledged = { ...world.last('koji'), acknowledged_at: at(2), acknowledged_by: 'kevin' };
    const taken = remind(acknowledged, at(2) + 60_000);
    expect(taken.notices.map(({ state }) => state)).toEqual(['acknowledged']);
    expect(remind(taken.incidents[0], told + 9 * day).notices).toEqual([]);
  });
});

describe('what machines are told', () => {
  const config = 'receivers: { bus: { kind: webhook, url: "http://localhost/hook", runs: true } }\n';

  test('is every run and every step, repeats marked', async () => {
    const world = new IncidentWorld(config);
    const kinds = async (hour: number, step?: string) => {
      const trouble = step === undefined ? undefined : { step };
      const { notices } = await world.run({ probe: 'scratch-build', at: at(hour), trouble });
      return notices.flatMap(({ message }) =>
        message.type === 'incident'
          ? []
          : [`${message.type} ${message.outcome}${message.duplicate ? ' again' : ''}`],
      );
    };
    expect(await kinds(0)).toEqual(['run passed', 'step passed', 'step passed', 'step passed']);
    expect(await kinds(1)).toEqual([
      'run passed again',
      'step passed again',
      'step passed again',
      'step passed again',
    ]);
    expect(await kinds(2, 'build')).toEqual([
      'run failed',
      'step passed again',
      'step passed again',
      'step failed',
    ]);
    expect(await kinds(3, 'clone')).toEqual([
      'run failed',
      'step passed again',
      'step failed',
      'step skipped',
    ]);
  });

  test('is as the schema says', async () => {
    const schema = JSON.parse(readFileSync(`${ROOT}/docs/webhook.schema.json`, 'utf8')) as object;
    const ajv = addFormats.default(new Ajv2020({ strict: true, strictTypes: false }));
    const isValid = ajv.compile(schema);
    const world = await outage(config);
    await world.run({ probe: 'scratch-build', at: at(2) });
    expect(new Set(world.notices.map(({ message }) => message.type))).toEqual(
      new Set(['run', 'step', 'incident']),
    );
    for (const notice of world.notices) {
      const sent: unknown = JSON.parse(
        envelope({
          ...notice,
          notice_id: 1,
          attempts: 0,
          delivered_at: null,
          gave_up_at: null,
          last_error: null,
        }),
      );
      expect(isValid(sent), JSON.stringify(isValid.errors)).toBe(true);
    }
    expect(isValid({ schema_version: 1, id: 'x', receiver: 'y', created_at: 'z', message: {} })).toBe(false);
  });
});
