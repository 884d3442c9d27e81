import { z } from 'zod';
import type { Subject } from '../core/event.ts';
import { type DecisionData, KIND } from '../core/facts.ts';
import { Fault } from '../core/fault.ts';
import type { Http } from '../core/ports.ts';
import { askJson, below, readAs } from './http-answer.ts';

/** What is to be asked; the same as Bodhi asks, so that both speak of the same decision. */
export interface DecisionQuestion {
  readonly product_version: string;
  readonly contexts: readonly string[];
  readonly nvrs: readonly string[];
  /** The update, whose own requirements count too. */
  readonly alias?: string | undefined;
}

/** The subject of a decision is its question. */
export function decisionSubject({ product_version, contexts, nvrs, alias }: DecisionQuestion): Subject {
  const key = {
    alias: alias ?? null,
    contexts: [...contexts],
    nvrs: [...nvrs].sort(),
    product_version,
  };
  return { kind: KIND.decision, key: JSON.stringify(key) };
}

const question = z.object({
  alias: z.string().nullable(),
  contexts: z.array(z.string()),
  nvrs: z.array(z.string()),
  product_version: z.string(),
});

export function questionOf(subject: Subject): DecisionQuestion {
  const { alias, ...rest } = question.parse(JSON.parse(subject.key));
  return { ...rest, alias: alias ?? undefined };
}

/**
 * The contexts that Bodhi asks for an update: testing while it is on its way there, else stable; those of its critical path groups first.
 */
export function contextsOf(update: {
  readonly status: string;
  readonly request?: string | null | undefined;
  readonly critpath?: boolean | null | undefined;
  readonly critpath_groups?: string | null | undefined;
}): readonly string[] {
  const toTesting = update.status === 'pending' && update.request === 'testing';
  const base = toTesting ? 'bodhi_update_push_testing' : 'bodhi_update_push_stable';
  if (update.critpath !== true) return [base];
  const groups = (update.critpath_groups ?? '').split(/\s+/).filter((group) => group !== '');
  return groups.length === 0
    ? [`${base}_critpath`, base]
    : [...groups.map((group) => `${base}_${group}_critpath`), base];
}

const requirement = z.object({
  type: z.string(),
  testcase: z.string().nullish(),
  result_id: z.number().nullish(),
  subject_identifier: z.string().nullish(),
});

export const decisionAnswer = z.object({
  policies_satisfied: z.boolean(),
  summary: z.string(),
  satisfied_requirements: z.array(requirement),
  unsatisfied_requirements: z.array(requirement),
});

export type DecisionAnswer = z.output<typeof decisionAnswer>;

/** A requirement that is not satisfied, as `DecisionData` keeps it. */
export type Requirement = DecisionData['unsatisfied'][number];

/** A decision, and the builds and updates that its requirements speak of. */
export interface Decision extends DecisionData {
  readonly about: readonly string[];
}

export interface Greenwave {
  /** Non-verbose, as Bodhi asks: verbose asks more of the systems behind and can say something else. */
  decide(question: DecisionQuestion, signal: AbortSignal): Promise<Decision>;
}

export function greenwave({ http, url }: { readonly http: Http; readonly url: string }): Greenwave {
  return {
    async decide({ product_version, contexts, nvrs, alias }, signal) {
      const subject = [
        ...nvrs.map((nvr) => ({ item: nvr, type: 'koji_build' })),
        ...(alias === undefined ? [] : [{ item: alias, type: 'bodhi_update' }]),
      ];
      const request = {
        method: 'POST',
        url: below(url, 'decision'),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ product_version, decision_context: contexts, subject, verbose: false }),
      };
      const answer = await askJson(http, 'greenwave', request, signal);
      const decision = readAs(decisionAnswer, answer, { system: 'greenwave', what: 'a decision' });
      return { ...decisionData(decision), about: itemsOf(decision) };
    },
  };
}

function itemsOf(answer: DecisionAnswer): readonly string[] {
  const rows = [...answer.satisfied_requirements, ...answer.unsatisfied_requirements];
  return [...new Set(rows.flatMap(({ subject_identifier }) => subject_identifier ?? []))];
}

/** A decision on something else is none on what was asked for, whatever it says: a cache or a proxy has mixed something up. */
export function assertOn({ nvrs, alias }: DecisionQuestion, { about, summary }: Decision): void {
  const asked = [...nvrs, ...(alias === undefined ? [] : [alias])];
  const other = about.find((item) => !asked.includes(item));
  if (other === undefined) return;
  throw new Fault(`greenwave decided on ${other}, which was not asked for`, {
    code: 'DECISION_ON_ANOTHER',
    kind: 'malformed',
    system: 'greenwave',
    evidence: { asked, answered: other, summary },
  });
}

/** "The file was read" and "this package is excluded" are listed as requirements, but nothing is tested by them. */
const NO_TESTS = new Set(['fetched-gating-yaml', 'excluded']);

export function decisionData(answer: DecisionAnswer): DecisionData {
  const all = [...answer.satisfied_requirements, ...answer.unsatisfied_requirements];
  return {
    satisfied: answer.policies_satisfied,
    summary: answer.summary,
    unsatisfied: unsatisfiedOf(answer),
    waived: answer.satisfied_requirements.some(({ type }) => type.endsWith('-waived')),
    requirements: all.filter(({ type }) => !NO_TESTS.has(type)).length,
  };
}

export function unsatisfiedOf(answer: DecisionAnswer): readonly Requirement[] {
  return answer.unsatisfied_requirements.map(({ type, testcase, result_id }) => ({
    type,
    testcase: testcase ?? '',
    // A test that is queued or running is `missing` too, but has a result.
    running: type === 'test-result-missing' && typeof result_id === 'number',
  }));
}

/** What says clearly no: missing results do not. */
export function refusedOf(unsatisfied: readonly Requirement[]): readonly Requirement[] {
  return unsatisfied.filter(({ type }) => type !== 'test-result-missing');
}

/** The fault of requirements that clearly say no. A gating.yaml that cannot be read is our own package's. */
export function refusedFault(what: string, refused: readonly Requirement[]): Fault {
  const evidence = { unsatisfied: refused.map(({ type, testcase }) => `${type} ${testcase}`.trim()) };
  if (refused.some(({ type }) => type === 'invalid-gating-yaml' || type === 'missing-gating-yaml')) {
    return new Fault(`${what} is refused: the package's gating.yaml is not valid`, {
      code: 'GATING_YAML_BROKEN',
      kind: 'prober',
      evidence,
      hint: 'Mend gating.yaml on the branch of the test package; Greenwave has an address that validates it.',
    });
  }
  if (refused.every(({ type }) => type === 'failed-fetch-gating-yaml')) {
    return new Fault(`${what} is refused: Greenwave could not fetch gating.yaml`, {
      code: 'GATING_YAML_NOT_FETCHED',
      kind: 'rejected',
      system: 'greenwave',
      evidence,
    });
  }
  const tests = [...new Set(refused.map(({ testcase }) => testcase))].join(', ');
  return new Fault(`${what} is refused: ${tests} did not pass`, {
    code: 'TEST_FAILED',
    kind: 'rejected',
    system: 'ci',
    evidence,
  });
}
