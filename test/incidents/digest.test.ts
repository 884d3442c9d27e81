import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/core/run.ts';
import { evidenceOf, isWatched } from '../../src/incidents/evidence.ts';
import { followed, HOUR_MS, IncidentWorld, runRecord, START, siteProbe } from '../support/incident-world.ts';

const KOJI = { step: 'build' } as const;
const OWN = { step: 'clone', kind: 'prober', code: 'COMMAND_MISSING', system: 'own' } as const;

/** Hours after the start. */
const at = (hours: number) => START + hours * HOUR_MS;

describe('what a run says of systems', () => {
  test('a run that passed is good for all of its steps, and for packprobe itself', async () => {
    const world = new IncidentWorld();
    const { evidence } = await world.run({ probe: 'scratch-build', at: at(0) });
    expect(evidence.map(({ system, good }) => [system, good])).toEqual([
      ['fas', true],
      ['dist-git', true],
      ['koji', true],
      ['own', true],
    ]);
  });

  test('a failed one is bad for whom its fault charges, and good for those before', async () => {
    const world = new IncidentWorld();
    const trouble = { step: 'wait-complete', system: 'bodhi' } as const;
    const { evidence } = await world.run({ probe: 'single-build', at: at(0), trouble });
    expect(evidence.map(({ system, good }) => `${system} ${good ? 'good' : 'bad'}`)).toEqual([
      'bodhi bad',
      'fas good',
      'dist-git good',
      'lookaside good',
      'koji good',
      'signing good',
      'own good',
    ]);
  });

  test('an errored one is bad for packprobe itself, and charges no system', async () => {
    const world = new IncidentWorld();
    const { evidence } = await world.run({ probe: 'scratch-build', at: at(0), trouble: OWN });
    expect(evidence.filter(({ good }) => !good).map(({ system }) => system)).toEqual(['own']);
  });

  test('a step that failed after the one that decided is no good sign of its system, either', () => {
    const probe = siteProbe('scratch-build');
    const passed = runRecord(probe, { probe: probe.name, run_id: 'one', at: at(0) });
    const { fault } = runRecord(probe, { probe: probe.name, run_id: 'two', at: at(0), trouble: KOJI });
    const [login, clone, build] = passed.steps;
    const record: RunRecord = {
      ...passed,
      outcome: 'failed',
      fault: { ...fault!, system: 'dist-git' },
      // Both cloned and built again; the clone decided, and let the rest go on.
      steps: [
        login!,
        { ...clone!, outcome: 'failed' },
        build!,
        { ...build!, outcome: 'failed', fault: fault! },
      ],
    };
    const site = { probes: new Map() };
    const rows = evidenceOf({ record, scope: 'fedora', site, live: [], counted: true });
    expect(rows.map(({ system, good }) => `${system} ${good}`)).toEqual([
      'dist-git false',
      'fas true',
      'own true',
    ]);
  });

  test('a cancelled one says nothing', async () => {
    const world = new IncidentWorld();
    const { evidence, dues } = await world.run({
      probe: 'scratch-build',
      at: at(0),
      trouble: KOJI,
      cancelled: true,
    });
    expect([evidence, dues]).toEqual([[], []]);
  });

  test('what is good speaks from the end of its step, what is bad from the end of the run', async () => {
    const world = new IncidentWorld();
    const { evidence, ended_at } = await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    expect(evidence.find(({ system }) => system === 'fas')?.at).toBe(at(0) + 60_000);
    expect(evidence.find(({ system }) => system === 'koji')?.at).toBe(ended_at);
  });
});

describe('a confirmed failure', () => {
  test('is suspected first, and another run of the cheap probe is asked for at once', async () => {
    const world = new IncidentWorld();
    const digest = await world.run({ probe: 'single-build', at: at(0), trouble: KOJI });
    expect(world.states).toEqual(['koji suspected']);
    expect(world.told).toEqual([]);
    expect(followed(digest)).toEqual([{ probe: 'scratch-build', cause: 'confirm', of: digest.run_id }]);
  });

  test('is confirmed by the probe itself where the cheap one has no step of the system', async () => {
    const world = new IncidentWorld();
    const digest = await world.run({ probe: 'single-build', at: at(0), trouble: { step: 'update' } });
    expect(followed(digest)).toEqual([{ probe: 'single-build', cause: 'confirm', of: digest.run_id }]);
  });

  test('is told once the second run has failed, and never again by those that follow', async () => {
    const world = new IncidentWorld();
    const first = await world.run({ probe: 'single-build', at: at(0), trouble: KOJI });
    const second = await world.run({
      probe: 'scratch-build',
      at: at(1),
      trouble: KOJI,
      cause: 'confirm',
      of: first.run_id,
    });
    await world.run({ probe: 'scratch-build', at: at(2), trouble: KOJI });
    expect(world.states).toEqual(['koji open']);
    expect(world.told).toEqual(['koji opened']);
    expect(second.dues).toEqual([]);
    expect(world.last('koji')).toMatchObject({ since: first.ended_at, failures: 3, rule: 'confirmed' });
  });

  test('that the confirmation refutes is dismissed, and nobody hears of it', async () => {
    const world = new IncidentWorld();
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(1), cause: 'confirm' });
    expect(world.states).toEqual(['koji dismissed']);
    expect(world.told).toEqual([]);
  });

  test('where the cheap probe does not do what failed, the probe itself has the last word', async () => {
    const world = new IncidentWorld();
    const trouble = { step: 'push' } as const;
    const first = await world.run({ probe: 'single-build', at: at(0), trouble });
    // It clones, and clones are fine.
    const cheap = { probe: 'scratch-build', at: at(1), cause: 'confirm', of: first.run_id } as const;
    const second = await world.run(cheap);
    expect(world.states).toEqual(['dist-git suspected']);
    expect(followed(second)).toEqual([{ probe: 'single-build', cause: 'confirm', of: first.run_id }]);
    await world.run({ probe: 'single-build', at: at(2), trouble, cause: 'confirm', of: first.run_id });
    expect(world.told).toEqual(['dist-git opened']);
    await world.run({ probe: 'scratch-build', at: at(3) });
    expect(world.states).toEqual(['dist-git open']);
    await world.run({ probe: 'single-build', at: at(4) });
    expect(world.told).toEqual(['dist-git opened', 'dist-git resolved']);
  });

  test('another failure counts as its confirmation when the confirming run says nothing', async () => {
    const world = new IncidentWorld();
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(1), trouble: OWN, cause: 'confirm' });
    expect(world.states).toEqual(['koji suspected', 'own suspected']);
    await world.run({ probe: 'single-build', at: at(2), trouble: KOJI });
    expect(world.told).toEqual(['koji opened']);
  });

  test('a confirming run that fails another system asks for one more, and a third system is told at once', async () => {
    const world = new IncidentWorld();
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    const second = await world.run({
      probe: 'scratch-build',
      at: at(1),
      trouble: { step: 'login' },
      cause: 'confirm',
    });
    expect(followed(second)).toEqual([{ probe: 'scratch-build', cause: 'confirm', of: second.run_id }]);
    expect(world.states).toEqual(['koji suspected', 'fas suspected']);
    await world.run({ probe: 'scratch-build', at: at(2), trouble: { step: 'clone' }, cause: 'confirm' });
    expect(world.told).toEqual(['dist-git opened']);
  });

  test('an old login is no good sign for a login server that broke since', async () => {
    const world = new IncidentWorld();
    const login = { step: 'login' } as const;
    await world.run({ probe: 'scratch-build', at: at(1), trouble: login });
    await world.run({ probe: 'scratch-build', at: at(1.5), trouble: login, cause: 'confirm' });
    // Began before, and logged in then.
    await world.run({ probe: 'single-build', at: at(0), stepMs: 20 * 60_000 });
    expect(world.states).toEqual(['fas open']);
  });

  test('nor does it dismiss what was only suspected', async () => {
    const world = new IncidentWorld();
    await world.run({ probe: 'scratch-build', at: at(1), trouble: { step: 'login' } });
    await world.run({ probe: 'single-build', at: at(0), stepMs: 20 * 60_000 });
    expect(world.states).toEqual(['fas suspected']);
  });

  test('a failure of a probe that was good meanwhile is no confirmation, but asks for one', async () => {
    const world = new IncidentWorld();
    await world.run({ probe: 'single-build', at: at(0), trouble: { step: 'push' } });
    await world.run({ probe: 'scratch-build', at: at(1) });
    const third = await world.run({ probe: 'scratch-build', at: at(2), trouble: { step: 'clone' } });
    expect(world.states).toEqual(['dist-git suspected']);
    expect(followed(third)).toEqual([{ probe: 'scratch-build', cause: 'confirm', of: third.run_id }]);
  });

  test('a confirmation that failed elsewhere by chance is asked for again', async () => {
    const world = new IncidentWorld();
    const first = await world.run({ probe: 'single-build', at: at(0), trouble: { step: 'update' } });
    const confirm = { probe: 'single-build', at: at(1), cause: 'confirm', of: first.run_id } as const;
    const second = await world.run({ ...confirm, trouble: { step: 'clone' } });
    expect(followed(second)).toEqual([
      { probe: 'scratch-build', cause: 'confirm', of: second.run_id },
      { probe: 'single-build', cause: 'confirm', of: first.run_id },
    ]);
  });

  test('of a system that only the waits of others are charged to, the same wait is the good sign', async () => {
    const world = new IncidentWorld();
    const trouble = { step: 'wait-result', system: 'messaging' } as const;
    await world.run({ probe: 'single-build', at: at(0), trouble });
    await world.run({ probe: 'single-build', at: at(2), trouble, cause: 'confirm' });
    expect(world.told).toEqual(['messaging opened']);
    await world.run({ probe: 'single-build', at: at(4), trouble: { step: 'wait-complete' } });
    expect(world.states[0]).toBe('messaging open');
    await world.run({ probe: 'single-build', at: at(6) });
    expect(world.told).toEqual(['messaging opened', 'messaging resolved']);
  });

  test('one incident tells of a system, however many probes fail', async () => {
    const world = new IncidentWorld();
    for (let hour = 0; hour < 10; hour += 1) {
      await world.run({ probe: 'scratch-build', at: at(hour), trouble: KOJI });
      await world.run({ probe: 'single-build', at: at(hour + 0.5), trouble: KOJI });
    }
    expect(world.told).toEqual(['koji opened']);
    // The first ten and the last.
    expect(world.last('koji').runs).toHaveLength(11);
    expect(world.last('koji')).toMatchObject({ failures: 20, recent: { failed: 6, of: 6 } });
  });
});

describe('other rules', () => {
  const config = (open: string) =>
    `incidents: { open: ${open} }\nreceivers: { team: { kind: command, command: [tell] } }\n`;

  test('three in a row are three, of whatever probe, and nothing is confirmed', async () => {
    const world = new IncidentWorld(config('{ when: in_a_row, count: 3 }'));
    const first = await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'single-build', at: at(1), trouble: KOJI });
    expect([world.told, first.dues]).toEqual([[], []]);
    await world.run({ probe: 'scratch-build', at: at(2), trouble: KOJI });
    expect(world.told).toEqual(['koji opened']);
    expect(world.last('koji')).toMatchObject({ since: first.ended_at, rule: '3 in a row' });
  });

  test('a good run between begins the row anew', async () => {
    const world = new IncidentWorld(config('{ when: in_a_row, count: 2 }'));
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(1) });
    await world.run({ probe: 'scratch-build', at: at(2), trouble: KOJI });
    expect(world.states).toEqual(['koji dismissed', 'koji suspected']);
  });

  test('two of the last four open, with a good one between', async () => {
    const world = new IncidentWorld(config('{ when: of_last, failed: 2, of: 4 }'));
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(1) });
    expect(world.states).toEqual(['koji suspected']);
    await world.run({ probe: 'scratch-build', at: at(2), trouble: KOJI });
    expect(world.told).toEqual(['koji opened']);
    expect(world.last('koji')).toMatchObject({ rule: '2 of the last 4', recent: { failed: 2, of: 3 } });
  });

  test('a system has rules of its own', async () => {
    const world = new IncidentWorld(
      'incidents: { systems: { koji: { open: { when: in_a_row, count: 1 } } } }\nreceivers: { a: { kind: command, command: [tell] } }\n',
    );
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(1), trouble: { step: 'login' } });
    expect(world.told).toEqual(['koji opened']);
  });

  test('it is over after as many good runs as the rules say', async () => {
    const world = new IncidentWorld(
      'incidents: { resolve_after: 2 }\nreceivers: { a: { kind: command, command: [tell] } }\n',
    );
    await world.run({ probe: 'scratch-build', at: at(-1) });
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(1), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(2) });
    expect(world.states).toEqual(['koji open']);
    await world.run({ probe: 'scratch-build', at: at(3) });
    expect(world.told).toEqual(['koji opened', 'koji resolved']);
  });

  test('good runs that do not do what failed are not among them', async () => {
    const world = new IncidentWorld(
      'incidents: { resolve_after: 2 }\nreceivers: { a: { kind: command, command: [tell] } }\n',
    );
    const trouble = { step: 'push' } as const;
    await world.run({ probe: 'single-build', at: at(0), trouble });
    await world.run({ probe: 'single-build', at: at(1), trouble });
    await world.run({ probe: 'scratch-build', at: at(2) });
    await world.run({ probe: 'single-build', at: at(3) });
    expect(world.states).toEqual(['dist-git open']);
    await world.run({ probe: 'single-build', at: at(4) });
    expect(world.states).toEqual(['dist-git resolved']);
  });
});

describe('an incident is watched', () => {
  const whole = siteProbe('single-build');
  const scratch = siteProbe('scratch-build');
  const steps = whole.plan.steps.filter(({ id }) => id !== 'wait-result');
  const without = { ...whole, plan: { ...whole.plan, steps }, systems: steps.map(({ system }) => system) };
  const LOST = { step: 'wait-result', system: 'messaging' } as const;

  test.each([
    { what: 'by the probe that failed', trouble: KOJI, probes: [whole], watched: true },
    { what: 'by another probe of the system', trouble: KOJI, probes: [scratch], watched: true },
    {
      what: 'by no probe that does not meet it',
      trouble: { step: 'update' },
      probes: [scratch],
      watched: false,
    },
    { what: 'by the step that other systems are charged by', trouble: LOST, probes: [whole], watched: true },
    { what: 'by no probe without that step', trouble: LOST, probes: [without, scratch], watched: false },
    { what: 'by any probe, where it is our own', trouble: OWN, probes: [scratch], watched: true },
    { what: 'by nothing where nothing is served', trouble: KOJI, probes: [], watched: false },
  ])('$what: just where good runs end it', async ({ trouble, probes, watched }) => {
    const before = new IncidentWorld(undefined, [whole]);
    await before.run({ probe: 'single-build', at: at(0), trouble });
    await before.run({ probe: 'single-build', at: at(3), trouble, cause: 'confirm' });
    const [incident] = [...before.incidents.values()];
    expect(incident?.state).toBe('open');
    const after = new IncidentWorld(undefined, probes);
    for (const [id, one] of before.incidents) after.incidents.set(id, one);
    expect(isWatched(incident!, [{ scope: 'fedora', probes: after.probes }])).toBe(watched);
    expect(isWatched(incident!, [{ scope: 'elsewhere', probes: after.probes }])).toBe(false);
    for (const [hour, { name }] of probes.entries()) await after.run({ probe: name, at: at(6 + hour) });
    expect([...after.incidents.values()][0]?.state).toBe(watched ? 'resolved' : 'open');
  });
});

describe('packprobe itself', () => {
  test('an errored run is tried once more, and not a third time', async () => {
    const world = new IncidentWorld();
    const first = await world.run({ probe: 'scratch-build', at: at(0), trouble: OWN });
    expect(followed(first)).toEqual([{ probe: 'scratch-build', cause: 'retry', of: first.run_id }]);
    const retry = {
      probe: 'scratch-build',
      at: at(1),
      trouble: OWN,
      cause: 'retry',
      of: first.run_id,
    } as const;
    expect((await world.run(retry)).dues).toEqual([]);
  });

  test('is told when the same fault comes twice, and says that nothing is known of the systems', async () => {
    const world = new IncidentWorld();
    await world.run({ probe: 'scratch-build', at: at(0), trouble: OWN });
    await world.run({
      probe: 'scratch-build',
      at: at(1),
      trouble: { ...OWN, code: 'DISK_FULL' },
      cause: 'retry',
    });
    expect(world.told).toEqual([]);
    await world.run({ probe: 'scratch-build', at: at(2), trouble: { ...OWN, code: 'DISK_FULL' } });
    expect(world.told).toEqual(['own opened']);
    const { message } = world.notices[0]!;
    expect(message.type === 'incident' && message.title).toMatch(/^packprobe itself fails on fedora since/);
    expect(message.type === 'incident' && message.text).toContain('Nothing is known of the systems');
  });

  test('a receiver of some systems is told of it, too', async () => {
    const world = new IncidentWorld(
      'receivers: { a: { kind: command, command: [tell], systems: [bodhi] }, b: { kind: command, command: [tell], environments: [other] } }\n',
    );
    await world.run({ probe: 'scratch-build', at: at(0), trouble: OWN });
    await world.run({ probe: 'scratch-build', at: at(1), trouble: OWN, cause: 'retry' });
    expect(world.notices.map(({ receiver }) => receiver)).toEqual(['a']);
  });

  test('what only one probe meets is not over because another passes', async () => {
    const world = new IncidentWorld();
    const trouble = { ...OWN, step: 'bump' } as const;
    await world.run({ probe: 'single-build', at: at(0), trouble });
    await world.run({ probe: 'single-build', at: at(1), trouble, cause: 'retry' });
    await world.run({ probe: 'scratch-build', at: at(2) });
    expect(world.states).toEqual(['own open']);
    await world.run({ probe: 'single-build', at: at(3) });
    expect(world.told).toEqual(['own opened', 'own resolved']);
  });
});

describe('nobody is told', () => {
  const left_out = { kind: 'outage', note: 'datacentre move', link: null, source: 'config' } as const;

  test('of runs that are left out: they neither open nor resolve anything', async () => {
    const world = new IncidentWorld();
    for (const hour of [0, 1, 2]) {
      const { dues } = await world.run({ probe: 'scratch-build', at: at(hour), trouble: KOJI, left_out });
      expect(dues).toEqual([]);
    }
    expect(world.states).toEqual([]);
    expect(world.evidence.every(({ counted }) => !counted)).toBe(true);
    await world.run({ probe: 'scratch-build', at: at(3), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(4), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(5), left_out });
    expect(world.states).toEqual(['koji open']);
    expect(world.last('koji').recent).toEqual({ failed: 2, of: 2 });
  });

  test('of what ended long ago: it is evidence and no more', async () => {
    const world = new IncidentWorld();
    const old = { probe: 'scratch-build', trouble: KOJI, lateMs: 25 * HOUR_MS } as const;
    const digest = await world.run({ ...old, at: at(0) });
    await world.run({ ...old, at: at(1) });
    expect(digest.evidence).toHaveLength(4);
    expect([world.states, world.notices, digest.dues]).toEqual([[], [], []]);
  });

  test('of an environment that is not served', async () => {
    const world = new IncidentWorld(undefined, []);
    const probe = siteProbe('scratch-build');
    const { dues, evidence } = await world.run({ probe: probe.name, at: at(0), trouble: KOJI }, probe);
    expect(evidence).toHaveLength(4);
    expect([world.states, world.notices, dues]).toEqual([[], [], []]);
  });

  test('how long ago that is, the interval of the probe says', async () => {
    const rare = siteProbe('scratch-build', { intervalMs: 24 * HOUR_MS });
    const world = new IncidentWorld(undefined, [rare]);
    await world.run({ probe: 'scratch-build', at: at(0), trouble: KOJI, lateMs: 59 * HOUR_MS });
    expect(world.states).toEqual(['koji suspected']);
    await world.run({ probe: 'scratch-build', at: at(100), lateMs: 61 * HOUR_MS });
    expect(world.states).toEqual(['koji suspected']);
  });
});

describe('coming and going', () => {
  /** Fails twice, then is good: an outage within two hours. */
  async function outage(world: IncidentWorld, hour: number): Promise<void> {
    await world.run({ probe: 'scratch-build', at: at(hour), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(hour + 0.5), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(hour + 1) });
  }

  test('it is told each time until it counts as flapping, then once, and is over when it was good for long', async () => {
    const world = new IncidentWorld();
    for (const hour of [0, 2, 4, 6, 8, 10]) await outage(world, hour);
    expect(world.told).toEqual([
      'koji opened',
      'koji resolved',
      'koji opened',
      'koji resolved',
      'koji opened',
      'koji resolved',
      'koji flapping',
    ]);
    expect(world.last('koji')).toMatchObject({ state: 'open', failures: 6 });
    expect(world.last('koji').reopened_at).toHaveLength(5);
    await world.run({ probe: 'scratch-build', at: at(22) });
    expect(world.states.at(-1)).toBe('koji open');
    await world.run({ probe: 'scratch-build', at: at(23) });
    expect(world.told.slice(7)).toEqual(['koji resolved']);
  });

  test('what comes back after that begins anew', async () => {
    const world = new IncidentWorld();
    for (const hour of [0, 2, 4, 6]) await outage(world, hour);
    await world.run({ probe: 'scratch-build', at: at(20) });
    await outage(world, 21);
    expect(world.told.slice(6)).toEqual(['koji flapping', 'koji resolved', 'koji opened', 'koji resolved']);
    expect(world.last('koji').reopened_at).toEqual([]);
  });

  test('only what comes back soon is a comeback', async () => {
    const world = new IncidentWorld();
    await outage(world, 0);
    await outage(world, 12);
    expect(world.last('koji').reopened_at).toHaveLength(1);
    await outage(world, 27);
    expect(world.last('koji').reopened_at).toEqual([]);
  });

  test('a failure by chance after an outage is none, as ever', async () => {
    const world = new IncidentWorld();
    await outage(world, 0);
    await world.run({ probe: 'scratch-build', at: at(2), trouble: KOJI });
    await world.run({ probe: 'scratch-build', at: at(3), cause: 'confirm' });
    expect(world.states).toEqual(['koji resolved', 'koji dismissed']);
  });
});
