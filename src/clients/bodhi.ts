import { z } from 'zod';
import { systemOf } from '../core/environment.ts';
import type { Event, Subject } from '../core/event.ts';
import { KIND } from '../core/facts.ts';
import { Fault } from '../core/fault.ts';
import type { Http } from '../core/ports.ts';
import type { Release } from '../core/release.ts';
import type { StepContext } from '../core/step.ts';
import { decisionAnswer, type Requirement, unsatisfiedOf } from './greenwave.ts';
import { askJson, below, readAs, withQuery } from './http-answer.ts';
import { kojiHub } from './koji.ts';

export function updateSubject(alias: string): Subject {
  return { kind: KIND.update, key: alias };
}

const release = z.object({
  name: z.string(),
  long_name: z.string(),
  version: z.string(),
  branch: z.string(),
  dist_tag: z.string(),
  state: z.string(),
  composed_by_bodhi: z.boolean(),
  create_automatic_updates: z.boolean(),
  candidate_tag: z.string(),
  pending_signing_tag: z.string(),
  pending_testing_tag: z.string(),
  testing_tag: z.string(),
  stable_tag: z.string(),
});

/** A release as Bodhi lists it; `Release` of the core is what a run makes of it. */
export type BodhiRelease = z.output<typeof release>;

const comment = z.object({
  id: z.number().int(),
  text: z.string(),
  timestamp: z.string(),
  user: z.object({ name: z.string() }),
});

const update = z.object({
  alias: z.string(),
  status: z.string(),
  request: z.string().nullish(),
  test_gating_status: z.string().nullish(),
  locked: z.boolean().nullish(),
  notes: z.string().nullish(),
  url: z.string().nullish(),
  critpath: z.boolean().nullish(),
  critpath_groups: z.string().nullish(),
  date_submitted: z.string().nullish(),
  date_testing: z.string().nullish(),
  date_stable: z.string().nullish(),
  builds: z.array(z.object({ nvr: z.string(), signed: z.boolean().nullish() })).default([]),
  comments: z.array(comment).default([]),
});

export type BodhiUpdate = z.output<typeof update>;

/** Anonymous reads of Bodhi. What writes goes through the `bodhi` command, see `bodhi-command.ts`. */
export interface Bodhi {
  /** All that are not archived. */
  releases(signal: AbortSignal): Promise<readonly BodhiRelease[]>;
  /** Unknown aliases are left out. */
  updates(aliases: readonly string[], signal: AbortSignal): Promise<readonly BodhiUpdate[]>;
  update(alias: string, signal: AbortSignal): Promise<BodhiUpdate | undefined>;
  /** All updates that hold one of the builds, whatever their status. */
  updatesWith(builds: readonly string[], signal: AbortSignal): Promise<readonly BodhiUpdate[]>;
  /** Why an update is not through its gate. */
  unsatisfied(alias: string, signal: AbortSignal): Promise<readonly Requirement[]>;
}

export function bodhi({ http, url }: { readonly http: Http; readonly url: string }): Bodhi {
  const ask = (path: string, pairs: readonly (readonly [string, string])[], signal: AbortSignal) =>
    askJson(http, 'bodhi', { url: withQuery(below(url, path), pairs) }, signal);

  async function list(
    pairs: readonly (readonly [string, string])[],
    signal: AbortSignal,
  ): Promise<readonly BodhiUpdate[]> {
    const found = new Map<string, BodhiUpdate>();
    for (let page = 1; ; page += 1) {
      const query = [...pairs, ['rows_per_page', '100'], ['page', String(page)]] as const;
      const answer = readAs(
        z.object({ updates: z.array(update), pages: z.number().int() }),
        await ask('updates/', query, signal),
        { system: 'bodhi', what: 'updates' },
      );
      // New submissions shift the pages during a walk: the alias tells what was seen before.
      for (const row of answer.updates) found.set(row.alias, row);
      // A page without rows is the last, whatever number of pages is claimed.
      if (page >= answer.pages || answer.updates.length === 0) return [...found.values()];
    }
  }

  return {
    async releases(signal) {
      const found: BodhiRelease[] = [];
      for (let page = 1; ; page += 1) {
        const answer = readAs(
          z.object({ releases: z.array(release), pages: z.number().int() }),
          await ask(
            'releases/',
            [
              ['exclude_archived', '1'],
              ['rows_per_page', '100'],
              ['page', String(page)],
            ],
            signal,
          ),
          { system: 'bodhi', what: 'releases' },
        );
        found.push(...answer.releases);
        if (page >= answer.pages || answer.releases.length === 0) return found;
      }
    },

    updates: (aliases, signal) =>
      aliases.length === 0 ? Promise.resolve([]) : list([['alias', aliases.join(',')]], signal),

    // By the list and not by `/updates/ALIAS`: an unknown alias is an empty list there, a 404 here.
    async update(alias, signal) {
      // One of another name is none: a cache or a proxy may have mixed something up.
      return (await list([['alias', alias]], signal)).find((update) => update.alias === alias);
    },

    updatesWith: (builds, signal) =>
      builds.length === 0 ? Promise.resolve([]) : list([['builds', builds.join(',')]], signal),

    async unsatisfied(alias, signal) {
      const answer = readAs(
        z.object({ decisions: z.array(decisionAnswer) }),
        await ask(`updates/${encodeURIComponent(alias)}/get-test-results`, [], signal),
        { system: 'bodhi', what: 'get-test-results' },
      );
      return answer.decisions.flatMap(unsatisfiedOf);
    },
  };
}

/**
 * The release of a run: asked from Bodhi, and its build target from Koji, by the first step that needs it; journalled from then on.
 * `stable` is the newest current release composed by Bodhi, `rawhide` the one whose updates Bodhi makes by itself, anything else a branch.
 */
export function releaseOf(ctx: StepContext): Promise<Release> {
  return ctx.release(async (signal) => {
    const releases = await bodhi({ http: ctx.http, url: systemOf(ctx.env, 'bodhi').url }).releases(signal);
    const chosen = chooseRelease(releases, ctx.run.branch);
    return {
      name: chosen.name,
      long_name: chosen.long_name,
      version: chosen.version,
      branch: chosen.branch,
      dist_tag: chosen.dist_tag,
      target: await targetOf(chosen, ctx, signal),
      product_version: chosen.long_name.toLowerCase().replaceAll(' ', '-'),
      composed_by_bodhi: chosen.composed_by_bodhi,
      candidate_tag: chosen.candidate_tag,
      pending_signing_tag: chosen.pending_signing_tag,
      pending_testing_tag: chosen.pending_testing_tag,
      testing_tag: chosen.testing_tag,
      stable_tag: chosen.stable_tag,
    };
  });
}

export function chooseRelease(releases: readonly BodhiRelease[], branch: string): BodhiRelease {
  const fitting = releases.filter((release) => {
    if (branch === 'stable') return release.state === 'current' && release.composed_by_bodhi;
    if (branch === 'rawhide') return release.create_automatic_updates && release.branch === 'rawhide';
    return release.branch === branch && release.state !== 'disabled';
  });
  // EPEL's numbers are far below Fedora's; flatpaks and containers of a release have its number and branch but a longer name (`F44F`).
  const [chosen] = fitting.sort(
    (a, b) => Number.parseFloat(b.version) - Number.parseFloat(a.version) || a.name.length - b.name.length,
  );
  if (chosen !== undefined) return chosen;
  throw new Fault(`Bodhi knows no release for branch ${branch}`, {
    code: 'RELEASE_UNKNOWN',
    kind: 'prober',
    evidence: { branch, known: releases.map(({ name, branch }) => `${name} (${branch})`) },
    hint: 'Give the probe a branch that Bodhi lists, or `stable` or `rawhide`.',
  });
}

/** Where the packager's command builds a branch: its own name in Rawhide, else `BRANCH-candidate`; checked against Koji. */
async function targetOf(release: BodhiRelease, ctx: StepContext, signal: AbortSignal): Promise<string> {
  const names = release.branch === 'rawhide' ? ['rawhide'] : [`${release.branch}-candidate`, release.branch];
  const hub = kojiHub({ http: ctx.http, url: systemOf(ctx.env, 'koji').url });
  const targets = (await hub.buildTargets(names, signal)).filter((target) => target !== undefined);
  const chosen = targets.find(({ dest_tag_name }) => dest_tag_name === release.candidate_tag) ?? targets[0];
  if (chosen !== undefined) return chosen.name;
  throw new Fault(`koji has no build target for ${release.name}`, {
    code: 'BUILD_TARGET_UNKNOWN',
    kind: 'rejected',
    system: 'koji',
    evidence: { release: release.name, tried: names },
  });
}

/** Gating statuses and their comments, the oldest first: comments by Bodhi itself are the only history there is. */
export function gatingComments(
  update: BodhiUpdate,
): readonly { readonly status: string; readonly id: number; readonly timestamp: string }[] {
  return update.comments
    .filter(({ user }) => user.name === 'bodhi')
    .map(({ id, text, timestamp }) => ({
      id,
      timestamp,
      status: /gating status has been changed to '(\w+)'/.exec(text)?.[1],
    }))
    .filter((row): row is typeof row & { status: string } => row.status !== undefined)
    .sort((a, b) => a.id - b.id);
}

/** Name of the fact that says what is behind a gating status `failed`: Bodhi says so also when tests have merely not begun. */
export function reasonFact(reason: 'missing' | 'failed', commentId: number): string {
  return `gating-reason:${reason}#${commentId}`;
}

/** An update as the events of its subject tell it. */
export interface UpdateState {
  readonly status: string | undefined;
  readonly gating: string | undefined;
  readonly comment: number;
  /** Requirements that clearly say no; empty while results are merely missing, or while nobody knows. */
  readonly refused: readonly Requirement[];
}

export function updateState(events: readonly Event[]): UpdateState {
  const status = events.filter(({ fact }) => fact.startsWith('status:')).at(-1);
  // By the comment and not by the stamp: several comments can bear the same second.
  const gating = events
    .filter(({ fact }) => fact.startsWith('gating:'))
    .reduce<Event | undefined>(
      (newest, event) => (newest === undefined || commentOf(event) > commentOf(newest) ? event : newest),
      undefined,
    );
  const comment = gating === undefined ? 0 : commentOf(gating);
  const reason = events.find(({ fact }) => fact === reasonFact('failed', comment));
  return {
    status: status?.fact.slice('status:'.length),
    gating: gating?.fact.replace(/^gating:|#.*$/g, ''),
    comment,
    refused: (reason?.data['unsatisfied'] ?? []) as unknown as readonly Requirement[],
  };
}

function commentOf(event: Event): number {
  return Number(event.fact.split('#')[1] ?? 0);
}

/** The fault of an update that is no longer on its way. */
export function updateGone(alias: string, status: string): Fault {
  return new Fault(`update ${alias} is ${status}`, {
    code: 'UPDATE_GONE',
    kind: 'rejected',
    system: 'bodhi',
    evidence: { update: alias, status },
  });
}
