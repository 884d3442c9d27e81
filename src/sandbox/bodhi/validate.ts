import { metInside } from '../kit/inside.ts';
import type { BuildFacts } from '../kit/kit.ts';
import { type Bodhi, tagsOf } from './context.ts';
import { Refused } from './http.ts';
import { knownTags, type Release, type Store, type Update, type User } from './model.ts';
import type { Fields, Refusal, Schema } from './schema.ts';
import { ADMIN_PACKAGER_GROUPS, MAX_NOTES, PACKAGER_GROUP, SEVERITIES, SUGGESTIONS, TYPES } from './words.ts';

export const UPDATE_SCHEMA: Schema = {
  builds: { kind: 'list', missing: null, split: true },
  from_tag: { kind: 'text', missing: null },
  bugs: { kind: 'list', missing: null, split: true, emptyItems: true },
  display_name: { kind: 'text', missing: '' },
  close_bugs: { kind: 'flag', missing: true },
  type: { kind: 'text', of: TYPES },
  severity: { kind: 'text', of: SEVERITIES, missing: 'unspecified' },
  notes: {
    kind: 'text',
    min: 2,
    max: MAX_NOTES,
    missingText: 'A description is required for the update.',
  },
  autokarma: { kind: 'flag', missing: true },
  stable_karma: { kind: 'number', min: 1, missing: 3 },
  unstable_karma: { kind: 'number', max: -1, missing: -3 },
  suggest: { kind: 'text', of: SUGGESTIONS, missing: 'unspecified' },
  edited: { kind: 'text', missing: '' },
  require_bugs: { kind: 'flag', missing: true },
  require_testcases: { kind: 'flag', missing: true },
  autotime: { kind: 'flag', missing: true },
  stable_days: { kind: 'number', min: 0, missing: 0 },
};

/** Entries of one error body, in the order in which the checks find them; one status counts for all. */
export class Checks {
  readonly refusals: Refusal[] = [];
  status = 400;

  add(name: string, description: string, location: Refusal['location'] = 'body'): void {
    this.refusals.push({ location, name, description });
  }

  /** Refuses the request if any check did. */
  end(): void {
    if (this.refusals.length > 0) throw new Refused(this.refusals, this.status);
  }
}

/** A build that passed the checks, with what Koji says of it. */
export interface CheckedBuild {
  readonly facts: BuildFacts;
  readonly release: Release;
}

export interface CheckedUpdate {
  readonly builds: readonly CheckedBuild[];
  readonly from_tag: string | null;
  readonly bugs: readonly number[] | null;
  readonly edited: Update | undefined;
}

const DIST_GIT_SOURCE = /^git(\+\w+)?:\/\//;
const NO_ACL_TEXT = 'ACL validation mechanism was unable to determine ACLs.';

/** All checks of a new or edited update, in Bodhi's order: the first entry is the cause, later ones may follow from it. */
export function checkUpdate(bodhi: Bodhi, user: User, values: Fields): CheckedUpdate {
  const checks = new Checks();
  const { store } = bodhi;
  const alias = String(values['edited']);
  const edited = alias === '' ? undefined : store.update(alias);
  const from_tag = values['from_tag'] as string | null;
  const asked = values['builds'] as readonly string[] | null;

  const fromTag = from_tag === null ? undefined : buildsOfTag(bodhi, checks, from_tag, alias);
  let nvrs = asked === null || asked.length === 0 ? (fromTag ?? asked) : asked;
  const facts = checkNvrs(bodhi, checks, nvrs ?? []);
  if (facts === undefined) nvrs = [];
  checkOwners(store, checks, { alias, edited, user, nvrs: nvrs ?? [] });
  const releases = new ReleaseFinder(bodhi, checks, from_tag);
  checkTags(store, checks, { alias, edited, from_tag, nvrs: nvrs ?? [], releases });
  checkUnique(store, checks, facts ?? [], releases);
  if (nvrs === null && from_tag === null) {
    checks.add('builds,from_tag', 'You must specify either builds or from_tag.');
  }
  if (nvrs !== null && nvrs.length === 0) {
    checks.add('builds', 'You may not specify an empty list of builds.');
  }
  checkAcls(bodhi, checks, user, {
    packages: (facts ?? []).map((one) => ({ name: one.name, branch: () => releases.of(one.nvr)?.branch })),
  });
  const bugs = checkBugs(checks, values['bugs'] as readonly string[] | null);
  if (values['type'] === 'security' && values['severity'] === 'unspecified') {
    checks.add('severity', 'Must specify severity for a security update');
  }
  checks.end();
  const builds = (facts ?? []).flatMap((one) => {
    const release = releases.of(one.nvr);
    return release === undefined ? [] : [{ facts: one, release }];
  });
  return { builds, from_tag, bugs, edited };
}

/** The newest build of each package in a side tag, which is told by its name. */
function buildsOfTag(
  bodhi: Bodhi,
  checks: Checks,
  tag: string,
  edited: string,
): readonly string[] | undefined {
  const user = bodhi.store.updates.find(({ from_tag }) => from_tag === tag);
  if (user !== undefined && user.alias !== edited) {
    checks.add('from_tag', 'Update already exists using this side tag');
    checks.end();
  }
  let tagged: readonly BuildFacts[];
  try {
    tagged = bodhi.ports.koji.taggedWith(tag);
  } catch {
    checks.add('from_tag', "The supplied from_tag doesn't exist.");
    return undefined;
  }
  if (!/-side-\d+$/.test(tag)) {
    checks.add('from_tag', 'The supplied tag is not a side tag.');
    return undefined;
  }
  if (tagged.length === 0) {
    checks.add('from_tag', "The supplied from_tag doesn't contain any builds.");
    return [];
  }
  const newest = new Map(tagged.map(({ name, nvr }) => [name, nvr]));
  return [...newest.values()];
}

function checkNvrs(bodhi: Bodhi, checks: Checks, nvrs: readonly string[]): BuildFacts[] | undefined {
  const found: BuildFacts[] = [];
  let trusted = true;
  for (const nvr of nvrs) {
    let facts: BuildFacts | undefined;
    try {
      facts = bodhi.ports.koji.build(nvr);
    } catch {
      checks.add('builds', `Koji error getting build: ${nvr}`);
      return undefined;
    }
    if (facts === undefined) {
      checks.add('builds', `Build does not exist: ${nvr}`);
      return undefined;
    }
    if (facts.source === null) {
      throw new Refused(
        [
          {
            location: 'body',
            name: 'AttributeError',
            description: "'NoneType' object has no attribute 'startswith'",
          },
        ],
        500,
      );
    }
    if (!DIST_GIT_SOURCE.test(facts.source)) {
      checks.add('builds', `${nvr} was not built from an allowed source`);
      trusted = false;
    }
    found.push(facts);
  }
  return trusted ? found : undefined;
}

function checkOwners(
  store: Store,
  checks: Checks,
  update: { alias: string; edited: Update | undefined; user: User; nvrs: readonly string[] },
): void {
  const { alias, edited, user, nvrs } = update;
  if (alias !== '' && edited === undefined) {
    checks.add('builds', `Cannot find update to edit: ${alias}`);
    return;
  }
  if (edited?.status === 'stable' && !isAdmin(user)) checks.add('builds', 'Cannot edit stable updates');
  for (const nvr of nvrs) {
    const other = store.builds.get(nvr)?.update;
    if (other === undefined || other === edited || other.status === 'unpushed' || !other.written) continue;
    checks.add('builds', `Update for ${nvr} already exists`);
    return;
  }
}

/** The release of a build by its tags, found once; what is missing is said once. */
class ReleaseFinder {
  readonly #bodhi: Bodhi;
  readonly #checks: Checks;
  readonly #inherited: readonly string[];
  readonly #known = new Map<string, Release | undefined>();
  readonly #tags = new Map<string, readonly string[]>();

  constructor(bodhi: Bodhi, checks: Checks, fromTag: string | null) {
    this.#bodhi = bodhi;
    this.#checks = checks;
    // What a side tag inherits from leads to its release.
    const release = bodhi.kit.world.releases.find(({ build_tag }) =>
      fromTag?.startsWith(`${build_tag}-side-`),
    );
    this.#inherited =
      release === undefined
        ? []
        : [release.build_tag, release.override_tag, release.stable_tag, release.candidate_tag];
  }

  tags(nvr: string): readonly string[] {
    let tags = this.#tags.get(nvr);
    if (tags === undefined) {
      tags = [...tagsOf(this.#bodhi, nvr), ...this.#inherited];
      this.#tags.set(nvr, tags);
      if (tags.length === 0) this.#checks.add('builds', `Cannot find any tags associated with build: ${nvr}`);
    }
    return tags;
  }

  of(nvr: string): Release | undefined {
    if (this.#known.has(nvr)) return this.#known.get(nvr);
    const tags = this.tags(nvr);
    const known = knownTags(this.#bodhi.store);
    const release = tags.map((tag) => known.get(tag)).find((one) => one !== undefined);
    if (release === undefined) {
      this.#checks.add(
        'builds',
        `Cannot find release associated with build: ${nvr}, tags: ${pythonList(tags)}`,
      );
    }
    this.#known.set(nvr, release);
    return release;
  }
}

function checkTags(
  store: Store,
  checks: Checks,
  update: {
    alias: string;
    edited: Update | undefined;
    from_tag: string | null;
    nvrs: readonly string[];
    releases: ReleaseFinder;
  },
): void {
  const { alias, edited, from_tag, nvrs, releases } = update;
  if (alias !== '' && edited === undefined) return;
  const live = store.releases.filter(({ state }) => state !== 'archived');
  const valid = [
    ...live.map(({ candidate_tag }) => candidate_tag),
    ...(edited === undefined ? [] : live.map(({ testing_tag }) => testing_tag)),
    ...(from_tag === null ? [] : [from_tag]),
  ];
  for (const nvr of nvrs) {
    const tags = releases.tags(nvr);
    const release = releases.of(nvr);
    if (release === undefined) return;
    if (edited !== undefined && release !== edited.release) {
      checks.add('builds', `Cannot add a ${release.name} build to an ${edited.release.name} update`);
      return;
    }
    if (!tags.some((tag) => valid.includes(tag))) {
      checks.add(
        'builds',
        `Invalid tag: ${nvr} not tagged with any of the following tags ${pythonList(valid)}`,
      );
    }
    if (from_tag !== null && !tags.includes(from_tag)) {
      checks.add('builds', `Invalid build: ${nvr} not tagged in ${from_tag}`);
    }
  }
}

function checkUnique(
  store: Store,
  checks: Checks,
  facts: readonly BuildFacts[],
  releases: ReleaseFinder,
): void {
  const seen = new Set<string>();
  const packages = new Set<string>();
  for (const { nvr, name } of facts) {
    const release = releases.of(nvr);
    if (release === undefined) return;
    if (seen.has(nvr)) {
      checks.add('builds', `Duplicate builds: ${nvr}`);
      return;
    }
    seen.add(nvr);
    // A package is known from here on, whatever comes of the update.
    store.packages.add(name);
    if (packages.has(`${name} ${release.name}`)) {
      checks.add('builds', `Multiple ${name} builds specified in ${release.name}`);
      return;
    }
    packages.add(`${name} ${release.name}`);
  }
}

function isAdmin(user: User): boolean {
  return user.groups.some((group) => ADMIN_PACKAGER_GROUPS.includes(group));
}

const PAGURE_SILENT = 'Unable to access Pagure to check ACLs. Please try again later.';

/** What Bodhi says when Pagure does not tell who may commit; a fault on dist-git's wire hits this question too. */
function askPagure(bodhi: Bodhi, name: string, query: string): string | undefined {
  const path = `/api/0/rpms/${name}/hascommit?${query}`;
  const refused = (status: number, error?: string) =>
    `Bodhi failed to get a resource from Pagure at the following URL "https://src.fedoraproject.org${path}". The status code was "${status}".${error === undefined ? '' : ` The error was "${error}".`}`;
  const { answer: met, delayMs } = metInside(bodhi.kit.hooks, 'dist-git', {
    method: 'GET',
    path,
    call: 'hascommit',
  });
  if (met === 'drop' || delayMs === Number.POSITIVE_INFINITY) return PAGURE_SILENT;
  if (met !== undefined && met.status !== 200) {
    // Of a 500 nobody reads the body.
    return refused(met.status, met.status === 500 ? undefined : met.body.trim());
  }
  try {
    return bodhi.ports.distGit.has(name) ? undefined : refused(404, 'Project not found');
  } catch {
    return PAGURE_SILENT;
  }
}

/**
 * Whether the user may commit to all packages. Of the world's users that is its packager, whose packages these are, and who is in an admin group.
 * A package's `branch` is undefined where its release was not found.
 */
function checkAcls(
  bodhi: Bodhi,
  checks: Checks,
  user: User,
  { packages }: { packages: readonly { name: string; branch: () => string | undefined }[] },
): void {
  if (packages.length === 0) {
    checks.add('builds', NO_ACL_TEXT);
    return;
  }
  if (isAdmin(user)) return;
  if (!user.groups.includes(PACKAGER_GROUP)) {
    checks.add('builds', `${user.name} is not a member of "packager", which is a mandatory packager group`);
    return;
  }
  for (const { name, branch: find } of packages) {
    const branch = find();
    if (branch === undefined) return;
    const refusal = askPagure(bodhi, name, `user=${user.name}&branch=${branch}`);
    if (refusal !== undefined) {
      checks.add('builds', refusal);
      return;
    }
    if (user.name !== bodhi.kit.world.packager) {
      checks.add('builds', `${user.name} does not have commit access to ${name}`);
      checks.status = 403;
    }
  }
}

/** Whether the user may act on an update that is there. */
export function checkUpdateAcls(bodhi: Bodhi, checks: Checks, user: User, update: Update): void {
  if (update.release.state === 'archived') {
    checks.add('update', 'cannot edit Update for an archived Release');
    return;
  }
  checkAcls(bodhi, checks, user, {
    packages: update.builds.map(({ name }) => ({ name, branch: () => update.release.branch })),
  });
}

export const UNKNOWN_ACL: Readonly<Refusal> = { location: 'body', name: 'builds', description: NO_ACL_TEXT };

function checkBugs(checks: Checks, bugs: readonly string[] | null): readonly number[] | null {
  if (bugs === null) return null;
  if (bugs.every((bug) => /^\d+$/.test(bug))) return bugs.map(Number);
  checks.add('bugs', `Invalid bug ID specified: ${pythonList(bugs)}`, 'querystring');
  return null;
}

function pythonList(items: readonly string[]): string {
  return `[${items.map((item) => `'${item}'`).join(', ')}]`;
}
