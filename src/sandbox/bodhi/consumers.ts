import { parseNvr } from '../../core/nvr.ts';
import type { BuildFacts, Message } from '../kit/kit.ts';
import { type Bodhi, pause, rule, sendToSigning, tagBuilds, transaction, untagBuilds } from './context.ts';
import { newRow, sideTagTesting } from './create.ts';
import { refreshCriticalPath } from './critical-path.ts';
import { compareEvr, evrOf } from './evr.ts';
import { refreshGating } from './gating.ts';
import { setRequest, tryToObsoleteOlder } from './life.ts';
import { isSigned, type Release, type Update } from './model.ts';
import { addComment, announce } from './talk.ts';

const CONSUME = { least: 500, median: 2000, most: 20_000 } as const;
/** A message whose handling failed comes again after this. Sandbox milliseconds. */
const REQUEUE_MS = 5_000;
/** Accounts whose builds get no automatic update. */
const BLACKLIST: readonly string[] = ['releng', 'osbuild-automation-bot'];

type Handle = (bodhi: Bodhi, message: Message) => Promise<void> | void;

/** Bodhi's one consumer process: one queue, handled in the order of the messages. */
export function startConsumers(bodhi: Bodhi): void {
  let tail = Promise.resolve();
  const listen = (topic: string, handlers: Readonly<Record<string, Handle>>) =>
    bodhi.kit.subscribe(topic, (message) => {
      tail = tail.then(() => consume(bodhi, message, handlers));
      return tail;
    });
  listen('buildsys.tag', { signed: onSigned, 'automatic-update': onCandidate });
  listen('resultsdb.result.new', { resultsdb: onResult });
  listen('waiverdb.waiver.new', { waiverdb: onWaiver });
}

async function consume(
  bodhi: Bodhi,
  message: Message,
  handlers: Readonly<Record<string, Handle>>,
): Promise<void> {
  const subject = subjectOf(message);
  const lag = bodhi.kit.delay('bodhi.consume', `${message.topic} ${subject}`, CONSUME);
  // Nobody waits until a message from the future is true.
  await pause(bodhi, Math.min(lag, message.sentAt + lag - bodhi.kit.clock.now()));
  for (const [name, handle] of Object.entries(handlers)) {
    const say = rule(bodhi, 'bodhi.consume', `${name} ${subject}`);
    if (say === 'never') continue;
    if (typeof say === 'number') await pause(bodhi, say);
    for (;;) {
      if (bodhi.closing.aborted) return;
      try {
        await handle(bodhi, message);
        break;
      } catch (error) {
        if (bodhi.closing.aborted) return;
        bodhi.kit.trouble(`bodhi's handler ${name}`, error);
        await pause(bodhi, REQUEUE_MS);
      }
    }
  }
}

function subjectOf({ body }: Message): string {
  return updateItem(body['data'] ?? body['subject'])?.item ?? nvrOf(body);
}

function nvrOf(body: Message['body']): string {
  return `${body['name']}-${body['version']}-${body['release']}`;
}

/** The build came back from signing: it is in the release's pending_testing tag. */
async function onSigned(bodhi: Bodhi, { body }: Message): Promise<void> {
  const build = bodhi.store.builds.get(nvrOf(body));
  if (build === undefined) return;
  const { update, release } = build;
  const beside = update !== undefined && update.from_tag !== null && !release.composed_by_bodhi;
  const tag = beside ? sideTagTesting(update.from_tag) : release.pending_testing_tag;
  if (body['tag'] !== tag || build.signed) return;
  build.signed = true;
  if (update === undefined || !isSigned(update)) return;
  if (release.composed_by_bodhi) {
    if (update.from_tag === null) return;
    await transaction(bodhi, (work) => setRequest(bodhi, work, update, 'testing', 'bodhi'));
    return;
  }
  if (update.status === 'obsolete') return;
  update.status = 'testing';
  update.request = null;
  update.pushed = true;
  update.date_testing = bodhi.kit.clock.now();
  if (beside) return;
  tagBuilds(bodhi, update.builds, release.testing_tag);
  untagBuilds(bodhi, update.builds, release.pending_testing_tag);
}

/** A build came into the candidate tag of a release whose updates Bodhi makes by itself. */
async function onCandidate(bodhi: Bodhi, { body }: Message): Promise<void> {
  const release = bodhi.store.releases.find(
    ({ create_automatic_updates, candidate_tag }) =>
      create_automatic_updates && candidate_tag === body['tag'],
  );
  if (release === undefined) return;
  const facts = bodhi.ports.koji.build(nvrOf(body));
  if (facts === undefined || BLACKLIST.includes(facts.owner_name)) return;
  if (bodhi.store.builds.get(facts.nvr)?.update !== undefined) return;
  const entries = await changelogOf(bodhi, facts);
  const changelog = await newEntries(bodhi, facts, release, entries);
  const type = bodhi.store.packages.has(facts.name) ? 'unspecified' : 'newpackage';
  const build = bodhi.store.build(facts, release);
  const text = `Automatic update for ${facts.nvr}.`;
  const update = newRow(bodhi, {
    release,
    user: bodhi.store.user(facts.owner_name),
    from_tag: null,
    type,
    notes: changelog === '' ? text : `${text}\n\n##### **Changelog**\n\n\`\`\`\n${changelog}\n\`\`\``,
    own_notes: `${text}\n${entries[0] ?? ''}`,
    autokarma: false,
  });
  bodhi.store.moveBuild(build, update);
  refreshCriticalPath(bodhi, update);
  addComment(bodhi, update, { text: 'This update was automatically created', author: 'bodhi' });
  // Tagged before the row is written: who hears of the tag at once may not find the update yet.
  sendToSigning(bodhi, update.builds, release.pending_signing_tag);
  update.date_submitted = bodhi.kit.clock.now();
  bodhi.store.updates.push(update);
  bodhi.kit.truth(facts.nvr, 'update', update.date_submitted);
  await transaction(bodhi, async (work) => {
    tryToObsoleteOlder(bodhi, update);
    announce(bodhi, work, update, { agent: 'bodhi' });
    work.commit();
    await refreshGating(bodhi, update);
  });
}

/** Entries of the spec file's changelog at a build's commit, newest first. */
async function changelogOf(bodhi: Bodhi, facts: BuildFacts): Promise<readonly string[]> {
  const commit = facts.source?.split('#')[1];
  if (commit === undefined) return [];
  const spec = await bodhi.ports.distGit.readFile(facts.name, commit, `${facts.name}.spec`);
  const [, log = ''] = /^%changelog[^\S\n]*\n([\s\S]*)$/m.exec(spec ?? '') ?? [];
  return log
    .trim()
    .split(/\n(?=\* )/)
    .filter((entry) => entry.startsWith('* '))
    .map((entry) => `${entry.trimEnd()}\n`);
}

/** Entries know their day only. */
function dayOf(entry: string | undefined): number {
  const [, day = ''] = /^\* \w{3} (\w{3} +\d+ \d{4})/.exec(entry ?? '') ?? [];
  return Date.parse(`${day} 12:00:00 UTC`);
}

/** What is new since the newest older build in stable: of two builds of one day the second has nothing to tell. */
async function newEntries(
  bodhi: Bodhi,
  facts: BuildFacts,
  release: Release,
  entries: readonly string[],
): Promise<string> {
  const evr = (one: BuildFacts) => evrOf({ nvr: one.nvr, epoch: one.epoch ?? 0 });
  const [last] = bodhi.ports.koji
    .taggedWith(release.stable_tag, facts.name)
    .filter((one) => one.name === facts.name && compareEvr(evr(one), evr(facts)) < 0)
    .sort((one, other) => compareEvr(evr(other), evr(one)));
  const limit = last === undefined ? Number.NaN : dayOf((await changelogOf(bodhi, last))[0]);
  // Without an older build only the newest entry tells of this one.
  if (Number.isNaN(limit)) return entries[0] ?? '';
  return entries.filter((entry) => dayOf(entry) > limit).join('\n');
}

/** A result that cannot change the status is not looked at. */
async function onResult(bodhi: Bodhi, { body }: Message): Promise<void> {
  const update = updateOf(bodhi, body['data']);
  if (update === undefined) return;
  const good = body['outcome'] === 'PASSED' || body['outcome'] === 'INFO';
  const unfinished = body['outcome'] === 'QUEUED' || body['outcome'] === 'RUNNING';
  const { gating } = update;
  if (gating === 'ignored' || (good && gating === 'passed')) return;
  if (!good && !unfinished && gating === 'failed') return;
  if (unfinished && gating === 'waiting') return;
  await refreshGating(bodhi, update);
}

async function onWaiver(bodhi: Bodhi, { body }: Message): Promise<void> {
  const update = updateOf(bodhi, body['subject']);
  if (update === undefined || update.gating === 'passed' || update.gating === 'ignored') return;
  await refreshGating(bodhi, update);
}

/** `{item, type, nvr?}` of a results or waiver message; lists count by their first element. */
function updateItem(data: unknown): { readonly item: string; readonly type: string } | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const first = (key: string) => {
    const value = (data as Record<string, unknown>)[key];
    const one: unknown = Array.isArray(value) ? value[0] : value;
    return typeof one === 'string' ? one : undefined;
  };
  const type = first('type');
  const item = type === 'koji_build' ? (first('nvr') ?? first('item')) : first('item');
  return type === undefined || item === undefined ? undefined : { item, type };
}

function updateOf(bodhi: Bodhi, data: unknown): Update | undefined {
  const found = updateItem(data);
  if (found?.type === 'bodhi_update') return bodhi.store.update(found.item);
  if (found?.type !== 'koji_build' || parseNvr(found.item) === undefined) return undefined;
  return bodhi.store.builds.get(found.item)?.update;
}
