import type { WorldRelease } from '../kit/world.ts';
import type { Gating, ReleaseState, Request, Status } from './words.ts';

/** A row of Bodhi's releases; ids count from 1 in the order of creation. */
export interface Release {
  readonly id: number;
  name: string;
  long_name: string;
  version: string | null;
  id_prefix: string;
  branch: string;
  dist_tag: string;
  stable_tag: string;
  testing_tag: string;
  candidate_tag: string;
  pending_signing_tag: string;
  pending_testing_tag: string;
  pending_stable_tag: string;
  override_tag: string;
  mail_template: string;
  state: ReleaseState;
  composed_by_bodhi: boolean;
  create_automatic_updates: boolean;
  package_manager: string;
  testing_repository: string | null;
  /** ISO date. */
  released_on: string | null;
  eol: string | null;
}

export interface User {
  readonly id: number;
  readonly name: string;
  /** Null until the first login. */
  email: string | null;
  groups: readonly string[];
}

export interface Build {
  readonly id: number;
  readonly nvr: string;
  readonly name: string;
  readonly epoch: number;
  release: Release;
  signed: boolean;
  update: Update | undefined;
}

export interface Comment {
  readonly id: number;
  readonly text: string;
  readonly karma: number;
  readonly karma_critpath: number;
  /** Sandbox time, epoch ms; like all times of this model. */
  readonly timestamp: number;
  readonly update: Update;
  readonly user: User;
}

export interface Update {
  readonly id: number;
  readonly alias: string;
  readonly release: Release;
  readonly user: User;
  readonly from_tag: string | null;
  builds: Build[];
  readonly comments: Comment[];
  bugs: readonly number[];
  autokarma: boolean;
  autotime: boolean;
  stable_karma: number;
  stable_days: number;
  unstable_karma: number;
  require_bugs: boolean;
  require_testcases: boolean;
  display_name: string;
  notes: string;
  /** What its author wrote, of an automatic one its newest changelog entry; without notes inherited from older updates. */
  own_notes: string;
  type: string;
  status: Status;
  request: Request | null;
  severity: string;
  suggest: string;
  locked: boolean;
  pushed: boolean;
  critpath: boolean;
  /** Space separated; empty when there is none. */
  critpath_groups: string;
  close_bugs: boolean;
  date_submitted: number;
  date_modified: number | null;
  date_approved: number | null;
  date_testing: number | null;
  date_stable: number | null;
  gating: Gating | null;
  /** Whether its row is committed: until then only the request that makes it sees it. */
  written: boolean;
}

/** What a request under way has put into the database and nobody else sees yet. */
export interface Unwritten {
  readonly packages: ReadonlySet<string>;
  readonly builds: ReadonlySet<string>;
  /** When it has ended: whether it was committed. */
  readonly done: Promise<boolean>;
}

export interface Override {
  readonly build: Build;
  submitter: User;
  notes: string;
  submitted: number;
  expires: number;
  expired: number | null;
}

export interface Compose {
  readonly release: Release;
  readonly request: 'testing' | 'stable';
  readonly updates: readonly Update[];
  readonly created: number;
  /** Why it failed, and when. */
  failure: { readonly message: string; readonly at: number } | undefined;
}

/** Everything that Bodhi knows; lives as long as the sandbox. */
export class Store {
  readonly releases: Release[] = [];
  readonly users = new Map<string, User>();
  readonly packages = new Set<string>();
  readonly builds = new Map<string, Build>();
  readonly updates: Update[] = [];
  readonly comments: Comment[] = [];
  readonly overrides = new Map<string, Override>();
  readonly composes = new Set<Compose>();
  readonly unwritten = new Set<Unwritten>();
  /** Until when each of them is. */
  readonly brokenThreads: number[] = [];
  /** Counted while any thread is broken. */
  requests = 0;
  #ids = { user: 0, build: 0, update: 0, release: 0, comment: 0 };

  nextId(kind: 'user' | 'build' | 'update' | 'release' | 'comment'): number {
    this.#ids[kind] += 1;
    return this.#ids[kind];
  }

  update(alias: string): Update | undefined {
    return this.updates.find((update) => update.alias === alias && update.written);
  }

  /** By name, long name or dist tag, as the address of a release takes them. */
  release(name: string): Release | undefined {
    return this.releases.find(
      (release) => release.name === name || release.long_name === name || release.dist_tag === name,
    );
  }

  /** By name or version, as filters take them. */
  releaseFilter(word: string): Release | undefined {
    return this.releases.find(
      ({ name, version }) => name === word || name === word.toUpperCase() || version === word,
    );
  }

  user(name: string): User {
    const known = this.users.get(name);
    if (known !== undefined) return known;
    const user: User = { id: this.nextId('user'), name, email: null, groups: [] };
    this.users.set(name, user);
    return user;
  }

  build(facts: { nvr: string; name: string; epoch: number | null }, release: Release): Build {
    const known = this.builds.get(facts.nvr);
    if (known !== undefined) {
      known.release = release;
      return known;
    }
    this.packages.add(facts.name);
    const build: Build = {
      id: this.nextId('build'),
      nvr: facts.nvr,
      name: facts.name,
      epoch: facts.epoch ?? 0,
      release,
      signed: false,
      update: undefined,
    };
    this.builds.set(build.nvr, build);
    return build;
  }

  /** Puts a build into an update; it leaves the one where it was, which may then hold none. */
  moveBuild(build: Build, update: Update): void {
    if (build.update !== undefined) {
      build.update.builds = build.update.builds.filter((other) => other !== build);
    }
    build.update = update;
    update.builds.push(build);
  }

  /** Builds are read back in the order of their names; until a row is written they stand as they came. */
  orderBuilds(update: Update): void {
    update.builds.sort((a, b) => (a.nvr < b.nvr ? -1 : 1));
  }
}

const TAG_KINDS = [
  'candidate_tag',
  'testing_tag',
  'stable_tag',
  'override_tag',
  'pending_testing_tag',
  'pending_stable_tag',
] as const;

/** Koji's tags that Bodhi counts as its own, with their release. The pending_signing tags are not among them. */
export function knownTags(store: Store): ReadonlyMap<string, Release> {
  const tags = new Map<string, Release>();
  for (const release of store.releases) {
    if (release.state === 'archived') continue;
    for (const kind of TAG_KINDS) if (release[kind] !== '') tags.set(release[kind], release);
  }
  return tags;
}

export function releaseRow(world: WorldRelease, id: number): Release {
  const epel = world.id_prefix === 'FEDORA-EPEL';
  const { targets, build_tag, signing_key, released_on, eol, ...same } = world;
  return {
    ...same,
    id,
    mail_template: epel ? 'fedora_epel_errata_template' : 'fedora_errata_template',
    package_manager: 'dnf',
    testing_repository: world.composed_by_bodhi ? (epel ? 'epel-testing' : 'updates-testing') : null,
    released_on: isoDate(released_on),
    eol: isoDate(eol),
  };
}

function isoDate(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString().slice(0, 10);
}

/** What a release asks of an update before it may go to stable; those of a release before its beta ask less. */
export function thresholds(release: Release): {
  readonly critpath_mandatory_days_in_testing: number;
  readonly mandatory_days_in_testing: number;
  readonly critpath_min_karma: number;
  readonly min_karma: number;
  readonly setting_status: string | null;
} {
  if (release.state === 'pending' && !release.composed_by_bodhi) {
    return {
      critpath_mandatory_days_in_testing: 0,
      mandatory_days_in_testing: 0,
      critpath_min_karma: 0,
      min_karma: 0,
      setting_status: 'pre_beta',
    };
  }
  const early = release.state === 'pending';
  return {
    critpath_mandatory_days_in_testing: early ? 3 : 14,
    mandatory_days_in_testing: early ? 3 : 7,
    critpath_min_karma: early ? 1 : 2,
    min_karma: 1,
    setting_status: early ? 'pre_beta' : null,
  };
}

export function mandatoryDays(update: Pick<Update, 'release' | 'critpath'>): number {
  const { critpath_mandatory_days_in_testing, mandatory_days_in_testing } = thresholds(update.release);
  return update.critpath ? critpath_mandatory_days_in_testing : mandatory_days_in_testing;
}

export function minKarma({ release, critpath }: Update): number {
  const { critpath_min_karma, min_karma } = thresholds(release);
  return critpath ? critpath_min_karma : min_karma;
}

/** Positive and negative karma since the builds last changed; of each user only the newest vote counts. */
export function karmaOf(update: Update): {
  readonly good: number;
  readonly bad: number;
  readonly sum: number;
} {
  const counted = new Set<string>();
  let good = 0;
  let bad = 0;
  for (const comment of sinceReset(update)) {
    if (comment.karma === 0 || counted.has(comment.user.name)) continue;
    counted.add(comment.user.name);
    if (comment.karma > 0) good += comment.karma;
    else bad += comment.karma;
  }
  return { good, bad, sum: good + bad };
}

/** Newest first. */
export function sinceReset(update: Update): Comment[] {
  const comments: Comment[] = [];
  for (const comment of update.comments.toReversed()) {
    if (comment.user.name === 'bodhi' && /New build|Removed build/.test(comment.text)) break;
    comments.push(comment);
  }
  return comments;
}

const DAY_MS = 86_400_000;

export function daysInTesting(update: Update, now: number): number {
  return update.date_testing === null ? 0 : Math.floor((now - update.date_testing) / DAY_MS);
}

export function gatingPassed(update: Update): boolean {
  return update.gating === 'passed' || update.gating === 'ignored';
}

export function meetsRequirements(update: Update, now: number): boolean {
  if (!gatingPassed(update)) return false;
  const karma = karmaOf(update);
  if (karma.sum >= minKarma(update)) return true;
  if (update.critpath && karma.bad < 0) return false;
  return daysInTesting(update, now) >= mandatoryDays(update);
}

/** All builds carry a signature, as far as Bodhi has heard. */
export function isSigned(update: Update): boolean {
  if (update.release.pending_signing_tag === '' && update.from_tag === null) return true;
  return update.builds.every((build) => build.signed);
}
