import { z } from 'zod';
import { type Event, type Judge, mayTurn, type Report } from '../core/event.ts';
import { type CiData, FACT, type ResultData } from '../core/facts.ts';
import { Fault } from '../core/fault.ts';
import { buildSubject } from './koji.ts';
import { isFinal } from './resultsdb.ts';
import type { Stamp } from './timestamps.ts';

const STATES = ['queued', 'running', 'complete', 'error'] as const;

/** Fedora CI publishes under CentOS's prefix: `org.fedoraproject.stg` goes with `org.centos.stg` and, in some senders, `org.centos.stage`. */
export function ciTopics(topicPrefix: string): readonly string[] {
  const word = topicPrefix.split('.').at(-1) ?? 'prod';
  const words = word === 'stg' ? ['stg', 'stage'] : [word];
  return words.flatMap((name) => STATES.map((state) => `org.centos.${name}.ci.koji-build.test.${state}`));
}

const message = z.object({
  artifact: z.object({ nvr: z.string(), scratch: z.boolean().nullish() }),
  test: z.object({
    namespace: z.string(),
    type: z.string(),
    category: z.string(),
    scenario: z.string().nullish(),
    result: z.string().nullish(),
  }),
  run: z.object({ url: z.string().nullish() }).nullish(),
  pipeline: z.object({ id: z.union([z.string(), z.number()]).nullish() }).nullish(),
  error: z.object({ reason: z.string().nullish() }).nullish(),
});

/** Which state of a test a topic speaks of; undefined where it is none of Fedora CI's. */
export function ciStateOf(topic: string): CiData['state'] | undefined {
  const match = /\.ci\.koji-build\.test\.(\w+)$/.exec(topic);
  return STATES.find((state) => state === match?.[1]);
}

/** The news in a CI message, without who told it; undefined where the body is none. */
export function ciNews(
  state: CiData['state'],
  body: unknown,
  stamp: Stamp,
): Omit<Report, 'source' | 'seen_at'> | undefined {
  const read = message.safeParse(body);
  if (!read.success || read.data.artifact.scratch === true) return undefined;
  const { artifact, test, run, pipeline, error } = read.data;
  const name = `${test.namespace}.${test.type}.${test.category}`;
  const scenario = test.scenario ? `/scenario=${test.scenario}` : '';
  const data: CiData = {
    state,
    test: name.includes('/scenario=') ? name : `${name}${scenario}`,
    // The run's address tells reruns apart, the pipeline's id does not.
    run: run?.url ?? String(pipeline?.id ?? ''),
    ...(state === 'complete' && test.result ? { result: test.result } : {}),
    ...(error?.reason ? { reason: error.reason } : {}),
  };
  return {
    subject: buildSubject(artifact.nvr),
    fact: FACT.ci(state, data.test, data.run),
    ...stamp,
    system: 'ci',
    phase: state === 'queued' ? 'queued' : state === 'running' ? 'running' : 'ended',
    data: { ...data },
  };
}

/** How far one test has come, over all its variants and reruns. */
export interface TestProgress {
  readonly test: string;
  /** The furthest that is proven: a result in ResultsDB proves what must have come before it. */
  readonly reached: 'nothing' | 'queued' | 'running' | 'complete';
  /** CI said that it could not run the test, and has not begun again since. */
  readonly error: string | undefined;
  /** The newest results, one of each variant. */
  readonly results: readonly ResultData[];
}

const RANK = { nothing: 0, queued: 1, running: 2, complete: 3, error: 3 } as const;

/** Reads the progress of one test from the events of a build, however incomplete they are. */
export function progressOf(events: readonly Event[], test: string): TestProgress {
  const messages = events
    .filter(({ fact }) => fact.startsWith('ci-'))
    .map(({ data }) => data as unknown as CiData)
    .filter((data) => data.test === test || data.test.startsWith(`${test}/`));
  const results = newestResults(events, test);

  const runs = new Map<string, CiData>();
  for (const data of messages) {
    const id = `${data.test} ${data.run}`;
    const known = runs.get(id);
    // Messages come in any order: within a run the furthest state counts.
    if (known === undefined || RANK[data.state] >= RANK[known.state]) runs.set(id, data);
  }
  // Of each variant the run that was heard of last.
  const variants = new Map<string, CiData>();
  for (const data of runs.values()) variants.set(data.test, data);
  const current = [...variants.values()];

  const failed = current.find(({ state }) => state === 'error');
  const done =
    (current.length > 0 && current.every(({ state }) => state === 'complete')) ||
    (results.length > 0 && results.every(({ outcome }) => isFinal(outcome)));
  const begun =
    // An error can follow the queue directly: it does not show that the test ever ran.
    messages.some(({ state }) => state === 'running' || state === 'complete') ||
    results.some(({ outcome }) => outcome !== 'QUEUED');
  const known = messages.length > 0 || results.length > 0;
  return {
    test,
    reached: done ? 'complete' : begun ? 'running' : known ? 'queued' : 'nothing',
    error: done || failed === undefined ? undefined : (failed.reason ?? 'no reason given'),
    results,
  };
}

/**
 * Judges whether all tests of a build have come as far as `wanted`. That CI could not run a test is a no that can still turn: a rerun may
 * follow. A test that failed has run: whether it passed is for others to judge.
 */
export function reachedJudge({
  nvr,
  tests,
  wanted,
}: {
  readonly nvr: string;
  readonly tests: readonly string[];
  readonly wanted: 'queued' | 'running' | 'complete';
}): Judge<readonly TestProgress[]> {
  return ({ events }) => {
    const progress = tests.map((test) => progressOf(events, test));
    if (progress.every(({ reached }) => RANK[reached] >= RANK[wanted])) return progress;
    const broken = progress.find(({ error }) => error !== undefined);
    return broken === undefined ? undefined : mayTurn(ciError(nvr, broken));
  };
}

export function ciError(nvr: string, { test, error }: TestProgress): Fault {
  return new Fault(`CI could not run ${test} on ${nvr}: ${error ?? 'no reason given'}`, {
    code: 'CI_ERROR',
    kind: 'rejected',
    system: 'ci',
    evidence: { nvr, test, reason: error ?? null },
  });
}

/** By the number of the result where two bear the same stamp: rows are only ever added. */
function newestResults(events: readonly Event[], test: string): readonly ResultData[] {
  const newest = new Map<string, { readonly at: number; readonly data: ResultData }>();
  for (const event of events) {
    if (!event.fact.startsWith('result:')) continue;
    const data = event.data as unknown as ResultData;
    if (data.testcase !== test) continue;
    const known = newest.get(data.variant);
    const later =
      known === undefined ||
      event.latest > known.at ||
      (event.latest === known.at && data.id > known.data.id);
    if (later) newest.set(data.variant, { at: event.latest, data });
  }
  return [...newest.values()].map(({ data }) => data);
}

/** How far the test that is least far has come, of tests that have all begun. */
export function leastOf(progress: readonly TestProgress[]): 'queued' | 'running' | 'complete' {
  const states = progress.map(({ reached }) => reached);
  if (states.some((state) => state === 'nothing' || state === 'queued')) return 'queued';
  return states.includes('running') ? 'running' : 'complete';
}
