import type { Kit, Message } from '../kit/kit.ts';
import { Crash } from '../resultsdb/flask.ts';
import { isoformat, microsOf } from '../resultsdb/python.ts';
import { OUTCOMES } from './answers.ts';
import { decide, type Judge, Refused } from './decision.ts';
import { contextsOf, matchesType, matchesVersion, type Policy } from './policy.ts';
import { BuildUnknown } from './remote-rule.ts';
import { createSubject, SUBJECT_TYPES, type Subject, subjectDict } from './subjects.ts';
import { BadGateway } from './upstreams.ts';

type Answer = Readonly<Record<string, unknown>>;

/** What a message says is new. */
interface News {
  readonly subject: Subject;
  readonly testcase: string;
  /** Undefined where it cannot be told: then every one that a policy names. */
  readonly productVersion: string | undefined;
  /** Its own stamp, naive UTC. */
  readonly at: string;
  readonly isWaiver: boolean;
}

/**
 * Greenwave's consumer: tells of each decision that a result or a waiver has changed. Fedora runs none of it.
 *
 * What was before is asked as of a microsecond earlier, at which a waiver that has been replaced counts as one that never was: taking a waiver back
 * tells nobody.
 */
export function publishDecisionUpdates(kit: Kit, judge: Judge): void {
  const consume = (newsOf: (message: Message) => News | undefined) => async (message: Message) => {
    const news = newsOf(message);
    if (news !== undefined) await tell(kit, judge, news);
  };
  kit.subscribe('resultsdb.result.new', consume(newResult));
  kit.subscribe('waiverdb.waiver.new', consume(newWaiver));
}

function newResult({ body }: Message): News | undefined {
  if (OUTCOMES.incomplete.includes(String(body['outcome']))) return undefined;
  const data = (body['data'] ?? {}) as Readonly<Record<string, readonly string[] | undefined>>;
  const subject = subjectOfData((key) => data[key]?.[0]);
  if (subject === undefined) return undefined;
  return {
    subject,
    testcase: (body['testcase'] as { readonly name: string }).name,
    productVersion: subject.type.is_koji_build ? guessedVersion(subject.item) : undefined,
    at: String(body['submit_time']),
    isWaiver: false,
  };
}

function newWaiver({ body }: Message): News | undefined {
  return {
    subject: createSubject(String(body['subject_type']), String(body['subject_identifier'])),
    testcase: String(body['testcase']),
    productVersion: String(body['product_version']),
    at: String(body['timestamp']),
    isWaiver: true,
  };
}

function subjectOfData(value: (key: string) => string | undefined): Subject | undefined {
  for (const { id, item_key } of SUBJECT_TYPES) {
    const item = item_key === null ? undefined : value(item_key);
    if (item !== undefined) return createSubject(id, item);
  }
  const [type, item] = [value('type'), value('item')];
  return type === undefined || item === undefined ? undefined : createSubject(type, item);
}

/** By the dist tag: `fedora-44` of `foo-1.0-1.fc44`. */
function guessedVersion(nvr: string): string | undefined {
  const [, dist, number] = /\.(fc|el)(\d+)(?:\.|_|$)/.exec(nvr.slice(nvr.lastIndexOf('-'))) ?? [];
  if (dist === undefined) return undefined;
  return dist === 'fc' ? `fedora-${number}` : `rhel-${number}`;
}

async function tell(kit: Kit, judge: Judge, news: News): Promise<void> {
  const before = oneMicrosecondBefore(news.at);
  if (before === undefined) return;
  const { subject, testcase } = news;
  for (const [decision_context, product_version] of pairsOf(judge.policies, news)) {
    const question = {
      decision_context,
      product_version,
      subject_type: subject.type.id,
      subject_identifier: subject.item,
    };
    const decision = await ask(question, judge);
    const previous = await ask({ ...question, when: before }, judge);
    if (decision === undefined || previous === undefined || isSame(previous, decision)) continue;
    kit.publish('greenwave.decision.update', {
      ...decision,
      ...question,
      subject: [subjectDict(subject)],
      previous,
      ...(news.isWaiver ? { testcase } : {}),
    });
  }
}

/** Undefined where there is no decision: what goes wrong on the way is lost without a word. */
async function ask(question: Answer, judge: Judge): Promise<Answer | undefined> {
  try {
    return (await decide(question, judge)).answer;
  } catch (error) {
    const known = [Refused, BuildUnknown, BadGateway, Crash].some((kind) => error instanceof kind);
    if (!known) throw error;
    return undefined;
  }
}

/** The questions that this news may have changed, in alphabetical order. */
function pairsOf(policies: readonly Policy[], news: News): readonly (readonly [string, string])[] {
  const { subject, testcase, productVersion } = news;
  const pairs = new Map<string, readonly [string, string]>();
  for (const policy of policies) {
    const named = policy.rules.some((rule) => rule.kind === 'RemoteRule' || rule.testCase === testcase);
    if (!named || !matchesType(policy, [subject.type.id, ...subject.type.aliases])) continue;
    if (productVersion !== undefined && !matchesVersion(policy, productVersion)) continue;
    const versions = productVersion === undefined ? policy.productVersions : [productVersion];
    for (const context of contextsOf(policy)) {
      for (const version of versions) pairs.set(`${context} ${version}`, [context, version]);
    }
  }
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
}

/** Only stamps with a fraction are understood. */
function oneMicrosecondBefore(stamp: string): string | undefined {
  const groups =
    /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)\.(?<fraction>\d+)$/.exec(
      stamp,
    )?.groups;
  const moment = groups === undefined ? undefined : microsOf({ year: undefined, ...groups });
  return moment === undefined ? undefined : isoformat(moment - 1, 'always');
}

/** Alike in all but the numbers of results. */
function isSame(before: Answer, after: Answer): boolean {
  const plain = (answer: Answer) =>
    JSON.stringify(answer, (key, value) => (key === 'result_id' ? undefined : value));
  return plain(before) === plain(after);
}
