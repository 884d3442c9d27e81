import type { Policy } from './policy.ts';
import { type Subject, subjectDict } from './subjects.ts';

/** A result of ResultsDB, as far as decisions look at it. */
export interface KnownResult {
  readonly id: number;
  readonly outcome: string;
  readonly submit_time: string;
  readonly testcase: { readonly name: string };
  readonly data: Readonly<Record<string, readonly string[] | undefined>>;
}

/** A waiver of WaiverDB that counts. */
export interface KnownWaiver {
  readonly id: number;
  readonly subject_type: string;
  readonly subject_identifier: string;
  readonly testcase: string;
  readonly scenario: string | null;
  readonly waived: boolean;
}

/** What one rule says about one subject. */
export interface Requirement {
  readonly subject: Subject;
  readonly satisfied: boolean;
  /** What the summary counts it as; `none` is not counted at all. */
  readonly counts:
    | 'passed'
    | 'missing'
    | 'incomplete'
    | 'failed'
    | 'errored'
    | 'invalid'
    | 'absent'
    | 'unfetched'
    | 'none';
  /** The name to waive. */
  readonly testCase: string;
  readonly scenario: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

export const VARIANT_KEYS = ['scenario', 'system_architecture', 'system_variant'] as const;

const PASSED = ['PASSED', 'INFO'];
const INCOMPLETE = ['QUEUED', 'RUNNING'];
const ERRORED = ['ERROR'];

export const OUTCOMES = { passed: PASSED, incomplete: INCOMPLETE, errored: ERRORED };

function about(subject: Subject, type: string, testCase: string): Record<string, unknown> {
  return { type, testcase: testCase, subject_type: subject.type.id, subject_identifier: subject.item };
}

export function missing(
  subject: Subject,
  testCase: string,
  scenario: string | null,
  source: string | null,
): Requirement {
  const body = {
    ...about(subject, 'test-result-missing', testCase),
    scenario,
    source,
    item: subjectDict(subject),
  };
  return { subject, satisfied: false, counts: 'missing', testCase, scenario, body };
}

/** A test that has only begun keeps the type of one that is missing, but names its result. */
export function reported(
  subject: Subject,
  testCase: string,
  source: string | null,
  result: KnownResult,
): Requirement {
  const variant = Object.fromEntries(VARIANT_KEYS.map((key) => [key, result.data[key]?.[0] ?? null]));
  const scenario = variant['scenario'] ?? null;
  const with_ = (type: string) => ({
    ...about(subject, type, testCase),
    source,
    result_id: result.id,
    ...variant,
  });
  const item = subjectDict(subject);
  const common = { subject, testCase, scenario };
  if (PASSED.includes(result.outcome)) {
    return { ...common, satisfied: true, counts: 'passed', body: with_('test-result-passed') };
  }
  if (INCOMPLETE.includes(result.outcome)) {
    const body = { ...with_('test-result-missing'), item };
    return { ...common, satisfied: false, counts: 'incomplete', body };
  }
  if (ERRORED.includes(result.outcome)) {
    const body = { ...with_('test-result-errored'), error_reason: null, item };
    return { ...common, satisfied: false, counts: 'errored', body };
  }
  return { ...common, satisfied: false, counts: 'failed', body: { ...with_('test-result-failed'), item } };
}

export function excluded(subject: Subject, policy: Policy): Requirement {
  const body = {
    type: 'excluded',
    subject_identifier: subject.item,
    policy: policy.id,
    source: policy.source,
  };
  return { subject, satisfied: true, counts: 'none', testCase: '', scenario: null, body };
}

export function fetched(subject: Subject, source: string): Requirement {
  const name = 'fetched-gating-yaml';
  const body = { ...about(subject, name, name), source };
  return { subject, satisfied: true, counts: 'none', testCase: name, scenario: null, body };
}

/** A gating.yaml that cannot be used. Its type is the name to waive. */
export function yamlFault(
  subject: Subject,
  type: 'invalid-gating-yaml' | 'missing-gating-yaml' | 'failed-fetch-gating-yaml',
  details: Readonly<Record<string, unknown>>,
): Requirement {
  const counts = {
    'invalid-gating-yaml': 'invalid',
    'missing-gating-yaml': 'absent',
    'failed-fetch-gating-yaml': 'unfetched',
  } as const;
  const body = { ...about(subject, type, type), scenario: null, ...details };
  return { subject, satisfied: false, counts: counts[type], testCase: type, scenario: null, body };
}

const YAML_FAULTS = ['invalid', 'absent', 'unfetched'];

/** A waived test stays, with `-waived` in its type; a waived fault of gating.yaml vanishes. */
export function waive(
  requirements: readonly Requirement[],
  waivers: readonly KnownWaiver[],
): readonly Requirement[] {
  return requirements.flatMap((requirement) => {
    if (requirement.satisfied) return [requirement];
    const { subject, testCase, scenario, body } = requirement;
    const waiver = waivers.find(
      (each) =>
        each.subject_type === subject.type.id &&
        each.subject_identifier === subject.item &&
        each.testcase === testCase &&
        (!each.scenario || each.scenario === scenario),
    );
    if (waiver === undefined) return [requirement];
    if (YAML_FAULTS.includes(requirement.counts)) return [];
    const { item: _item, ...kept } = body;
    const waived = { ...kept, type: `${String(body['type'])}-waived`, waiver_id: waiver.id };
    return [{ ...requirement, satisfied: true, counts: 'passed', body: waived }];
  });
}

/** One sentence. Faults of gating.yaml come first and are no tests. */
export function summaryOf(requirements: readonly Requirement[]): string {
  const count = (what: Requirement['counts']) => requirements.filter(({ counts }) => counts === what).length;
  const many = (number: number, word: string) => (number === 1 ? word : `${word}s`);
  const say = (number: number, text: (number: number) => string) => (number === 0 ? [] : [text(number)]);
  const faults = [
    ...say(count('invalid'), (n) => `${n} ${many(n, 'error')} due to invalid remote rule file`),
    ...say(count('absent'), (n) => `${n} ${many(n, 'error')} due to missing remote rule file`),
    ...say(count('unfetched'), (n) => `${n} ${many(n, 'error')} while trying to fetch remote rule file`),
  ].join(', ');
  const lacking = [
    ...say(count('missing'), (n) => `${n} ${many(n, 'result')} missing`),
    ...say(count('errored'), (n) => `${n} ${many(n, 'test')} errored`),
    ...say(count('failed'), (n) => `${n} ${many(n, 'test')} failed`),
    ...say(count('incomplete'), (n) => `${n} ${many(n, 'test')} incomplete`),
  ].join(', ');
  const total = requirements.filter(
    ({ counts }) => counts !== 'none' && !YAML_FAULTS.includes(counts),
  ).length;
  const tests = lacking === '' ? '' : `Of ${total} required ${many(total, 'test')}, ${lacking}`;
  if (faults !== '') return tests === '' ? faults : `${faults}. ${tests}`;
  if (tests !== '') return tests;
  return total === 0
    ? 'No tests are required'
    : `All required tests (${total} total) have passed or been waived`;
}
