import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import { junitXml } from '../../src/cli/junit.ts';
import type { FaultData } from '../../src/core/fault.ts';
import type { RunRecord, StepRecord } from '../../src/core/run.ts';

const START = Date.UTC(2026, 10, 17, 8, 0, 0, 7);

const FAULT: FaultData = {
  message: 'a <b> & "c"\u0001\ud800',
  code: 'TEST_FAILED',
  kind: 'rejected',
  system: 'bodhi',
  evidence: { stderr: 'one\ntwo ]]>', task_id: 7 },
  hint: 'Look there.',
};

function step(id: string, change: Partial<StepRecord> = {}): StepRecord {
  return {
    id,
    name: id,
    uses: `koji/${id}`,
    system: 'koji',
    outcome: 'passed',
    duration_ms: 61_234,
    attempts: [],
    phases: [],
    inputs: {},
    outputs: {},
    ...change,
  };
}

function run(steps: readonly StepRecord[], change: Partial<RunRecord> = {}): RunRecord {
  return {
    run_id: '019a9000-0000-7000-8000-000000000001',
    probe: 'single-build',
    environment: 'test',
    package: 'gloster',
    branch: 'stable',
    release: null,
    params: {},
    started_at: START,
    ended_at: START + 600_000,
    duration_ms: 600_000,
    outcome: 'failed',
    steps,
    subjects: [],
    versions: { git: '2.47.3' },
    packprobe: '0.1.0',
    ...change,
  };
}

type Node = Readonly<Record<string, unknown>>;

/** What each element may hold and has to hold, by Jenkins' own schema (junit-10.xsd); times are its SUREFIRE_TIME. */
const SCHEMA: Readonly<
  Record<string, { readonly may: readonly string[]; readonly must: readonly string[] }>
> = {
  testsuites: { may: ['name', 'time', 'tests', 'failures', 'errors', 'testsuite'], must: [] },
  testsuite: {
    may: ['time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'properties', 'testcase'],
    must: ['name', 'tests', 'failures', 'errors'],
  },
  properties: { may: ['property'], must: [] },
  property: { may: [], must: ['name', 'value'] },
  testcase: { may: ['time', 'classname', 'skipped', 'error', 'failure'], must: ['name'] },
  failure: { may: ['type', 'message', '#text'], must: [] },
  error: { may: ['type', 'message', '#text'], must: [] },
  skipped: { may: ['type', 'message', '#text'], must: [] },
};

function offences(tag: string, node: unknown): readonly string[] {
  const rule = SCHEMA[tag];
  if (rule === undefined) return [`<${tag}>`];
  if (Array.isArray(node)) return node.flatMap((one) => offences(tag, one));
  const entries = Object.entries(node as Node).map(
    ([key, value]) => [key.replace('@', ''), key, value] as const,
  );
  const names = entries.map(([name]) => name);
  return [
    ...names.filter((name) => ![...rule.may, ...rule.must].includes(name)).map((name) => `${tag} ${name}`),
    ...rule.must.filter((name) => !names.includes(name)).map((name) => `${tag} without ${name}`),
    ...entries.flatMap(([name, key, value]) =>
      key.startsWith('@') || name === '#text' ? [] : offences(name, value),
    ),
  ];
}

function parse(record: RunRecord) {
  const xml = junitXml(record);
  expect(XMLValidator.validate(xml)).toBe(true);
  const options = {
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    ignoreDeclaration: true,
    parseTagValue: false,
    isArray: (name: string) => ['testcase', 'property'].includes(name),
  };
  const { testsuites } = new XMLParser(options).parse(xml) as { readonly testsuites: Node };
  expect(offences('testsuites', testsuites)).toEqual([]);
  const suite = testsuites['testsuite'] as Node;
  return { xml, testsuites, suite, cases: (suite['testcase'] ?? []) as readonly Node[] };
}

const everyOutcome = [
  step('good'),
  step('bad', { outcome: 'failed', fault: FAULT }),
  step('ours', { outcome: 'errored', fault: { ...FAULT, kind: 'prober', system: 'own' } }),
  step('left', { outcome: 'cancelled' }),
  step('not', { outcome: 'skipped', duration_ms: 0, reason: 'step bad did not pass' }),
];

describe('JUnit XML', () => {
  test('counts what it holds, in whole and in its suite', () => {
    const counts = { '@tests': '5', '@failures': '1', '@errors': '2', '@time': '600.000' };
    const { testsuites, suite } = parse(run(everyOutcome));
    expect(testsuites).toMatchObject(counts);
    expect(suite).toMatchObject({ ...counts, '@skipped': '1', '@timestamp': '2026-11-17T08:00:00' });
  });

  test('makes a failed step a failure, an errored or cancelled one an error, a skipped one skipped', () => {
    const { cases } = parse(run(everyOutcome));
    const inside = cases.map((one) => Object.keys(one).filter((key) => !key.startsWith('@')));
    expect(inside).toEqual([[], ['failure'], ['error'], ['error'], ['skipped']]);
    expect(cases[0]).toEqual({ '@classname': 'single-build.koji', '@name': 'good', '@time': '61.234' });
    expect(cases[4]).toMatchObject({ skipped: { '@message': 'step bad did not pass' } });
  });

  test('says in a failure who is charged and why, without what XML forbids', () => {
    const { xml, cases } = parse(run(everyOutcome));
    const { failure } = cases[1] as { readonly failure: Node };
    expect(failure).toMatchObject({
      '@type': 'TEST_FAILED',
      '@message': 'a <b> & "c"\ufffd (charged to bodhi)',
    });
    for (const told of [
      'charged to bodhi (rejected, TEST_FAILED)',
      'What to do: Look there.',
      'task_id: 7',
    ]) {
      expect(failure['#text']).toContain(told);
    }
    expect(xml).not.toContain('\u0001');
    expect(xml).not.toContain(']]>');
  });

  test('names the run, its environment and the versions of its commands as properties', () => {
    const { suite } = parse(run(everyOutcome, { fault: FAULT }));
    expect((suite['properties'] as Node)['property']).toEqual(
      Object.entries({
        run_id: '019a9000-0000-7000-8000-000000000001',
        outcome: 'failed',
        environment: 'test',
        package: 'gloster',
        branch: 'stable',
        packprobe: '0.1.0',
        charge: 'bodhi',
        'version.git': '2.47.3',
      }).map(([name, value]) => ({ '@name': name, '@value': value })),
    );
  });

  test('tells two steps of one name apart', () => {
    const { cases } = parse(
      run([step('a', { name: 'Wait' }), step('b', { name: 'Wait' })], { outcome: 'passed' }),
    );
    expect(cases.map((one) => one['@name'])).toEqual(['Wait (a)', 'Wait (b)']);
  });

  test('of a run that was stopped between two steps is not good', () => {
    const fault = {
      ...FAULT,
      message: 'stopped by SIGINT',
      code: 'RUN_CANCELLED',
      kind: 'cancelled',
    } as const;
    const steps = [step('good'), step('next', { outcome: 'skipped', reason: 'the run was stopped' })];
    const { suite, cases } = parse(run(steps, { outcome: 'cancelled', fault }));
    expect(suite).toMatchObject({ '@tests': '3', '@failures': '0', '@errors': '1', '@skipped': '1' });
    expect(cases[2]).toMatchObject({ '@name': 'run', error: { '@type': 'RUN_CANCELLED' } });
  });

  test('of a passed run has a case for each step and none else', () => {
    expect(parse(run([step('one')], { outcome: 'passed' })).cases).toHaveLength(1);
    expect(parse(run([], { outcome: 'passed' })).suite['@tests']).toBe('0');
  });

  test('has no negative times, also when a clock was set back', () => {
    expect(parse(run([step('one', { duration_ms: -5 })], { duration_ms: -1 })).xml).not.toContain('time="-');
  });
});
