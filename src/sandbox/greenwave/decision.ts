import { Crash } from '../resultsdb/flask.ts';
import { isDictionary } from '../resultsdb/pydantic.ts';
import { microsOf } from '../resultsdb/python.ts';
import {
  excluded,
  type KnownResult,
  type KnownWaiver,
  missing,
  OUTCOMES,
  type Requirement,
  reported,
  summaryOf,
  VARIANT_KEYS,
  waive,
} from './answers.ts';
import { GatingYamlError } from './gating-yaml.ts';
import { onDemandPolicy } from './on-demand.ts';
import {
  contextsOf,
  fnmatch,
  matchesContexts,
  matchesType,
  matchesVersion,
  type Policy,
  ruleJson,
  type TestRule,
} from './policy.ts';
import { buildAttributes, remotePolicies, type Sources } from './remote-rule.ts';
import { createSubject, packageOf, resultQueries, SUBJECT_TYPES, type Subject } from './subjects.ts';

/** A request that is refused as it stands. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Judge extends Sources {
  readonly policies: readonly Policy[];
  /** API roots. */
  readonly resultsdbApi: string;
  readonly waiverdbApi: string;
  /** Sandbox time, epoch ms. */
  now(): number;
}

export interface Decision {
  readonly requirements: readonly Requirement[];
  readonly answer: Readonly<Record<string, unknown>>;
}

/** Answers POST /decision. */
export async function decide(body: unknown, judge: Judge): Promise<Decision> {
  const isEmpty = Array.isArray(body)
    ? body.length === 0
    : !body || (isDictionary(body) && isEmptyObject(body));
  if (isEmpty) throw new Refused(415, 'No JSON payload in request');
  if (!isDictionary(body)) throw new Crash('the payload has no keys');
  const request = readRequest(body);
  const asking = new Asking(request, judge);
  const policies = request.onDemand ?? judge.policies;
  const applicable: (string | null)[] = [];
  const found: Requirement[] = [];
  for (const subject of request.subjects) {
    const matching = policies.filter((policy) => applies(policy, subject, request));
    if (matching.length === 0) {
      if (subject.type.ignore_missing_policy) continue;
      if (!request.isText.contexts) throw new Crash('sequence item 0: expected str instance');
      const contexts = request.contexts.join(' ');
      throw new Refused(
        404,
        `Found no applicable policies for ${subject.type.id} subjects at gating point(s) ${contexts} in ${request.productVersion}`,
      );
    }
    if (request.verbose) await asking.everything(subject);
    const seen = new Set<string>();
    for (const policy of matching) found.push(...(await check(policy, subject, asking, seen)));
    applicable.push(...matching.map(({ id }) => id));
  }
  const waivers = await asking.waivers(found);
  const requirements = waive(found, waivers);
  const list = (satisfied: boolean) =>
    requirements.filter((each) => each.satisfied === satisfied).map((each) => each.body);
  const answer = {
    policies_satisfied: requirements.every(({ satisfied }) => satisfied),
    summary: summaryOf(requirements),
    satisfied_requirements: list(true),
    unsatisfied_requirements: list(false),
    ...(request.onDemand === undefined ? { applicable_policies: applicable } : {}),
    ...(request.verbose ? { results: byId(asking.verboseResults), waivers: byId(waivers) } : {}),
  };
  return { requirements, answer };
}

interface DecisionRequest {
  readonly productVersion: string;
  /** Whether product version and contexts are texts: Python breaks on others where it looks into them. */
  readonly isText: { readonly version: boolean; readonly contexts: boolean };
  readonly contexts: readonly string[];
  readonly subjects: readonly Subject[];
  readonly onDemand: readonly Policy[] | undefined;
  readonly verbose: boolean;
  readonly ignoreResults: unknown;
  readonly ignoreWaivers: unknown;
  readonly when: string | undefined;
}

function readRequest(body: Readonly<Record<string, unknown>>): DecisionRequest {
  const given = (name: string) => !isFalsy(body[name]);
  if (!given('product_version')) throw new Refused(400, 'Missing required product version');
  if (!given('decision_context') && !given('rules')) {
    throw new Refused(400, 'Either decision_context or rules is required.');
  }
  if (given('decision_context') && given('rules')) {
    throw new Refused(400, 'Cannot have both decision_context and rules');
  }
  const onDemand = given('rules') ? onDemandPolicies(body) : undefined;
  const verbose = body['verbose'] ?? false;
  if (typeof verbose !== 'boolean' || body['verbose'] === null) {
    throw new Refused(400, 'Invalid verbose flag, must be a bool');
  }
  const when = given('when') ? readWhen(body['when']) : undefined;
  const context = body['decision_context'];
  return {
    productVersion: String(body['product_version']),
    isText: {
      version: typeof body['product_version'] === 'string',
      contexts: [context].flat().every((one) => typeof one === 'string'),
    },
    contexts: Array.isArray(context)
      ? context.map(String)
      : given('decision_context')
        ? [String(context)]
        : [],
    subjects: readSubjects(body),
    onDemand,
    verbose,
    ignoreResults: body['ignore_result'] === undefined ? [] : body['ignore_result'],
    ignoreWaivers: body['ignore_waiver'] === undefined ? [] : body['ignore_waiver'],
    when,
  };
}

/** One for each subject, and each then holds for every subject. */
function onDemandPolicies(body: Readonly<Record<string, unknown>>): readonly Policy[] {
  return readSubjects(body).map(() => {
    try {
      return onDemandPolicy(body);
    } catch (error) {
      if (!(error instanceof GatingYamlError)) throw error;
      throw new Refused(400, `Failed to parse on demand policy: ${error.message}`);
    }
  });
}

function readSubjects(body: Readonly<Record<string, unknown>>): readonly Subject[] {
  if (body['subject'] !== undefined) {
    const subjects = body['subject'];
    if (!Array.isArray(subjects) || subjects.length === 0 || !subjects.every(isDictionary)) {
      throw new Refused(400, 'Invalid subject, must be a list of dicts');
    }
    return subjects.map(readSubject);
  }
  for (const name of ['subject_type', 'subject_identifier']) {
    if (body[name] === undefined) throw new Refused(400, `Missing required "${name}" parameter`);
  }
  return [subjectOf(body['subject_type'], body['subject_identifier'])];
}

function readSubject(entry: Readonly<Record<string, unknown>>): Subject {
  const type = entry['type'];
  for (const known of SUBJECT_TYPES) {
    if ((type && known.id !== type) || known.item_key === null) continue;
    const item = entry[known.item_key];
    if (item) return subjectOf(known.id, item);
  }
  const item = entry['item'];
  if (!type || !item) throw new Refused(400, 'Could not detect subject_identifier');
  return subjectOf(type, item);
}

function subjectOf(type: unknown, item: unknown): Subject {
  if (typeof item !== 'string') throw new Refused(400, 'Subject item/identificator must be a string');
  return createSubject(String(type), item);
}

const WHEN =
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})T(?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})\.(?<fraction>\d{1,6})$/;

function readWhen(when: unknown): string {
  if (typeof when !== 'string') throw new Crash('strptime() argument 1 must be str');
  const groups = WHEN.exec(when)?.groups;
  if (groups === undefined || microsOf({ year: undefined, ...groups }) === undefined) {
    throw new Refused(400, 'Invalid "when" parameter, must be in ISO8601 format');
  }
  return when;
}

function applies(policy: Policy, subject: Subject, request: DecisionRequest): boolean {
  const { id, aliases } = subject.type;
  if (!matchesContexts(policy, request.contexts)) return false;
  if (!request.isText.version) throw new Crash('expected str, bytes or os.PathLike object');
  return matchesType(policy, [id, ...aliases]) && matchesVersion(policy, request.productVersion);
}

/** @param seen rules that this subject has answered already: equal ones count once */
async function check(
  policy: Policy,
  subject: Subject,
  asking: Asking,
  seen: Set<string>,
): Promise<readonly Requirement[]> {
  const name = packageOf(subject);
  if (name !== undefined) {
    if (policy.excludedPackages.some((pattern) => fnmatch(name, pattern))) return [excluded(subject, policy)];
    const { packages } = policy;
    if (packages.length > 0 && !packages.some((pattern) => fnmatch(name, pattern))) return [];
  }
  const requirements: Requirement[] = [];
  for (const rule of policy.rules) {
    const key = JSON.stringify(ruleJson(rule));
    if (seen.has(key)) continue;
    seen.add(key);
    if (rule.kind === 'PassingTestCaseRule') {
      requirements.push(...(await checkTest(rule, policy, subject, asking)));
      continue;
    }
    const remote = await remotePolicies(rule, subject, asking.judge);
    requirements.push(...remote.requirements);
    const { contexts, productVersion, onDemand } = asking.request;
    for (const sub of remote.policies) {
      const isChild =
        onDemand === undefined
          ? contextsOf(sub).some((context) => contextsOf(policy).includes(context))
          : policy.productVersions.some((version) => matchesVersion(sub, version));
      if (isChild && matchesContexts(sub, contexts) && matchesVersion(sub, productVersion)) {
        requirements.push(...(await check(sub, subject, asking, seen)));
      }
    }
  }
  return requirements;
}

async function checkTest(
  rule: TestRule,
  policy: Policy,
  subject: Subject,
  asking: Asking,
): Promise<readonly Requirement[]> {
  if (rule.validSince !== null || rule.validUntil !== null) {
    const { createdAt } = await buildAttributes(subject.item, asking.judge);
    const created = createdAt ?? asking.judge.now();
    if (rule.validSince !== null && created < rule.validSince) return [];
    if (rule.validUntil !== null && rule.validUntil <= created) return [];
  }
  const results = await asking.results(subject, rule.testCase);
  const { scenario } = rule;
  const matching =
    scenario === null ? results : results.filter(({ data }) => (data['scenario'] ?? []).includes(scenario));
  return matching.length === 0
    ? [missing(subject, rule.testCase, scenario, policy.source)]
    : matching.map((result) => reported(subject, rule.testCase, policy.source, result));
}

/** What one request asks of ResultsDB and WaiverDB, and what it has heard. */
class Asking {
  readonly request: DecisionRequest;
  readonly judge: Judge;
  readonly verboseResults: KnownResult[] = [];
  readonly #known = new Map<string, readonly KnownResult[]>();
  readonly #subjects: Subject[] = [];

  constructor(request: DecisionRequest, judge: Judge) {
    this.request = request;
    this.judge = judge;
  }

  /** Verbose: all results of the subject, past the cache. */
  async everything(subject: Subject): Promise<void> {
    const results = await this.#ask(subject);
    this.#known.set(keyOf(subject), results);
    this.#subjects.push(subject);
    this.verboseResults.push(...without(results, this.request.ignoreResults));
  }

  async results(subject: Subject, testCase: string): Promise<readonly KnownResult[]> {
    return without(await this.#resultsOf(subject, testCase), this.request.ignoreResults);
  }

  /** A list of which all passed is kept for an hour; an empty one is never taken from there. */
  async #resultsOf(subject: Subject, testCase: string): Promise<readonly KnownResult[]> {
    const known = this.#known.get(keyOf(subject));
    if (known !== undefined) return known.filter(({ testcase }) => testcase.name === testCase);
    const key = `results ${keyOf(subject)} ${testCase}`;
    const kept = this.judge.cache.get<readonly KnownResult[]>(key) ?? [];
    const { when } = this.request;
    if (kept.length > 0 && (when === undefined || kept.every(({ submit_time }) => submit_time < when)))
      return kept;
    const results = await this.#ask(subject, testCase);
    if (results.every(({ outcome }) => OUTCOMES.passed.includes(outcome))) this.judge.cache.set(key, results);
    return results;
  }

  async #ask(subject: Subject, testCase?: string): Promise<readonly KnownResult[]> {
    const { when } = this.request;
    const results: KnownResult[] = [];
    for (const query of resultQueries(subject)) {
      const parameters: (readonly [string, string])[] = [...query, ['_distinct_on', VARIANT_KEYS.join(',')]];
      if (when !== undefined) parameters.push(['since', spanUntil(when)]);
      if (testCase !== undefined) parameters.push(['testcases', testCase]);
      const { upstreams, resultsdbApi } = this.judge;
      results.push(...((await upstreams.ask(`${resultsdbApi}/results/latest`, parameters)) as KnownResult[]));
    }
    return results;
  }

  async waivers(requirements: readonly Requirement[]): Promise<readonly KnownWaiver[]> {
    const { productVersion, when, verbose } = this.request;
    const filters = new Map<string, Readonly<Record<string, string>>>();
    const add = (subject: Subject, testcase?: string) => {
      const filter = {
        subject_type: subject.type.id,
        subject_identifier: subject.item,
        product_version: productVersion,
        ...(testcase === undefined ? {} : { testcase }),
        ...(when === undefined ? {} : { since: spanUntil(when) }),
      };
      filters.set(JSON.stringify(filter), filter);
    };
    if (verbose) for (const subject of this.#subjects) add(subject);
    else {
      for (const { satisfied, subject, testCase } of requirements) if (!satisfied) add(subject, testCase);
    }
    if (filters.size === 0) return [];
    const { upstreams, waiverdbApi } = this.judge;
    const body = { filters: [...filters.values()] };
    const waivers = (await upstreams.ask(`${waiverdbApi}/waivers/+filtered`, [], body)) as KnownWaiver[];
    const counting = waivers.filter(({ waived }) => waived);
    return without(counting, this.request.ignoreWaivers);
  }
}

function spanUntil(when: string): string {
  return `1900-01-01T00:00:00.000000,${when}`;
}

function keyOf({ type, item }: Subject): string {
  return `${type.id} ${item}`;
}

/** Python looks into what it was given only when there is something to look for: a number is an error only then. */
function without<Item extends { readonly id: number }>(
  items: readonly Item[],
  ids: unknown,
): readonly Item[] {
  if (items.length === 0 || isDictionary(ids)) return items;
  if (!Array.isArray(ids)) throw new Crash('the ids to leave out are no list');
  return items.filter(({ id }) => !ids.includes(id));
}

function byId<Item extends { readonly id: number }>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

function isFalsy(value: unknown): boolean {
  return (
    !value || (Array.isArray(value) && value.length === 0) || (isDictionary(value) && isEmptyObject(value))
  );
}

function isEmptyObject(value: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(value).length === 0;
}
