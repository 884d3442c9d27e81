import type { FastifyInstance } from 'fastify';
import { type Bodhi, look, tagBuilds, tagsOf, transaction, untagBuilds } from './context.ts';
import { Refused, refused, resource } from './http.ts';
import { type Json, overrideJson } from './json.ts';
import type { Login } from './login.ts';
import { type Build, knownTags, type Override, type User } from './model.ts';
import { isLike, PAGING, packagesOf, pageOf, readQuery, releasesOf, usersOf } from './query.ts';
import type { Fields, Schema } from './schema.ts';
import { readBody } from './update-routes.ts';

const LIST = { kind: 'list', missing: null, split: true } as const;
const DAY_MS = 86_400_000;
const LONGEST_DAYS = 31;
const HOUR_MS = 3_600_000;

const QUERY: Schema = {
  ...PAGING,
  builds: LIST,
  expired: { kind: 'flag', missing: null, strict: true },
  like: { kind: 'text', missing: null },
  search: { kind: 'text', missing: null },
  packages: LIST,
  releases: LIST,
  user: LIST,
  display_user: { kind: 'flag', missing: true, strict: true },
};

const SAVE: Schema = {
  nvr: { kind: 'text' },
  notes: { kind: 'text', min: 2, max: 2000 },
  expiration_date: { kind: 'time' },
  expired: { kind: 'flag', missing: false },
  edited: { kind: 'text', missing: null },
};

/** Buildroot overrides: one for a build, tagged while it lasts. */
export function overrideRoutes(server: FastifyInstance, bodhi: Bodhi, login: Login): void {
  const { store } = bodhi;

  resource(server, '/overrides/', {
    page: true,
    get: (request) => {
      const values = readQuery(request.query, QUERY);
      const given = (name: string) => values[name] as readonly string[] | null;
      const [builds, packages, releases, users] = ['builds', 'packages', 'releases', 'user'].map(given);
      const byPackage = packages ? packagesOf(store, packages) : null;
      const byRelease = releases ? releasesOf(store, releases) : null;
      const byUser = users ? usersOf(store, 'user', users) : null;
      const found = [...store.overrides.values()]
        .filter(
          ({ build, expired, submitter }) =>
            (values['expired'] === null || (expired !== null) === values['expired']) &&
            (!builds || builds.includes(build.nvr)) &&
            (byPackage === null || byPackage.has(build.name)) &&
            (byRelease === null || byRelease.has(build.release)) &&
            (byUser === null || byUser.has(submitter.name)) &&
            isLike(values['like'], build.nvr) &&
            isLike(values['search'], build.nvr, 'any case'),
        )
        .sort((a, b) => b.submitted - a.submitted || b.build.id - a.build.id);
      const { rows, paging } = pageOf(found, values);
      const how = look(bodhi, true);
      return {
        overrides: rows.map((override) => overrideJson(override, how)),
        ...paging,
        chrome: values['chrome'],
        display_user: values['display_user'],
      };
    },
    post: async (request) => {
      const user = login.permit(request, 'save_override', 'packager');
      const values = readBody(login, request, SAVE);
      const nvrs = String(values['nvr'])
        .split(/[\s,]+/)
        .filter((nvr) => nvr !== '');
      if (nvrs.length === 0) throw refused('nvr', 'A comma-separated list of NVRs is required.');
      if (nvrs.length > 1 && values['edited'] !== null) {
        throw refused('nvr', 'Cannot combine multiple NVRs with editing a buildroot override.');
      }
      const builds = nvrs.map((nvr) => findBuild(bodhi, nvr, values['edited'] !== null));
      checkEnd(bodhi.kit.clock.now(), Number(values['expiration_date']));
      const overrides: Json[] = [];
      for (const build of builds) {
        overrides.push(overrideJson(await save(bodhi, build, user, values), look(bodhi, false)));
      }
      if (overrides.length === 1) return { ...overrides[0], caveats: [] };
      const description = `Your override submission was split into ${overrides.length}.`;
      return { overrides, caveats: [{ name: 'nvrs', description }] };
    },
  });

  resource(server, '/overrides/:nvr', {
    page: true,
    get: (request) => {
      const { nvr } = request.params as { nvr: string };
      const override = store.overrides.get(nvr);
      if (override !== undefined) return { override: overrideJson(override, look(bodhi, true)) };
      const known = store.builds.has(nvr);
      throw new Refused(
        [
          {
            location: 'url',
            name: 'nvr',
            description: known ? 'No buildroot override for this build' : 'No such build',
          },
        ],
        404,
      );
    },
  });

  bodhi.kit.clock.every(HOUR_MS, 0, () => {
    for (const override of store.overrides.values()) {
      if (override.expired === null && override.expires <= bodhi.kit.clock.now()) {
        transaction(bodhi, (work) => expire(bodhi, override, (body) => work.say(UNTAG, body))).catch(
          (error: unknown) => bodhi.kit.trouble('the end of a buildroot override', error),
        );
      }
    }
  });
}

const TAG = 'bodhi.buildroot_override.tag';
const UNTAG = 'bodhi.buildroot_override.untag';

function findBuild(bodhi: Bodhi, nvr: string, edited: boolean): Build {
  const known = bodhi.store.builds.get(nvr);
  if (known !== undefined) {
    const { release, update } = known;
    if (!edited && update?.gating === 'failed') {
      throw refused('nvr', "Cannot create a buildroot override if build's test gating status is failed.");
    }
    if (release.override_tag === '') {
      throw refused(
        'nvr',
        'Cannot create a buildroot override because the release associated with the build does not support it.',
      );
    }
    const tags = tagsOf(bodhi, nvr);
    if (!tags.includes(release.candidate_tag) && !tags.includes(release.testing_tag)) {
      throw refused('nvr', 'Invalid build.  It must be tagged as either candidate or testing.');
    }
    return known;
  }
  const facts = bodhi.ports.koji.build(nvr);
  if (facts === undefined) {
    throw refused('nvr', `Couldn't determine koji tags for ${nvr}, "No such build: '${nvr}'"`);
  }
  const releases = knownTags(bodhi.store);
  const release = facts.tags
    .map((tag) => {
      const one = releases.get(tag);
      return one?.candidate_tag === tag || one?.testing_tag === tag ? one : undefined;
    })
    .find((one) => one !== undefined);
  if (release === undefined) throw refused('nvr', 'Invalid build');
  return bodhi.store.build(facts, release);
}

function checkEnd(now: number, end: number): void {
  const day = (time: number) => Math.floor(time / DAY_MS);
  if (day(end) <= day(now)) throw refused('expiration_date', 'Expiration date in the past');
  if (day(end) > day(now) + LONGEST_DAYS) {
    throw refused('expiration_date', `Expiration date may not be longer than ${LONGEST_DAYS}`);
  }
}

async function save(bodhi: Bodhi, build: Build, submitter: User, values: Fields): Promise<Override> {
  const { store, kit } = bodhi;
  const notes = String(values['notes']);
  const expires = Number(values['expiration_date']);
  const known = store.overrides.get(build.nvr);
  if (known === undefined) {
    if (values['edited'] !== null) throw refused('edited', 'No buildroot override for this build');
    const override: Override = {
      build,
      submitter,
      notes,
      submitted: kit.clock.now(),
      expires,
      expired: null,
    };
    await transaction(bodhi, (work) => {
      tagBuilds(bodhi, [build], build.release.override_tag);
      store.overrides.set(build.nvr, override);
      // It is told of before its row is written.
      work.say(TAG, {
        override: {
          ...overrideJson(override, look(bodhi, false)),
          submission_date: null,
          build_id: null,
          submitter_id: null,
        },
      });
    });
    return override;
  }
  const ended = values['edited'] !== null && values['expired'] === true;
  if (values['edited'] === null) {
    known.notes = joined(notes, known);
    known.expires = known.expired === null ? Math.max(known.expires, expires) : expires;
    known.submitted = kit.clock.now();
  } else {
    known.notes = notes;
    known.expires = expires;
  }
  known.submitter = submitter;
  await transaction(bodhi, (work) => {
    if (ended) {
      expire(bodhi, known, (body) => work.say(UNTAG, body));
    } else if (known.expired !== null) {
      known.expired = null;
      tagBuilds(bodhi, [build], build.release.override_tag);
      work.say(TAG, { override: overrideJson(known, look(bodhi, false)) });
    }
  });
  return known;
}

function expire(bodhi: Bodhi, override: Override, say: (body: Json) => void): void {
  if (override.expired !== null) return;
  override.expired = bodhi.kit.clock.now();
  untagBuilds(bodhi, [override.build], override.build.release.override_tag);
  say({ override: overrideJson(override, look(bodhi, false)) });
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A second request for the same build keeps the notes of the first. */
function joined(notes: string, old: Override): string {
  const date = new Date(old.submitted);
  const day = `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, '0')}, ${date.getUTCFullYear()}`;
  const text = `${notes}\n_____________\n_@${old.submitter.name} (${day})_\n${old.notes}`;
  return text.length > 2000 ? `${text.slice(0, 1972)}(...)\n___Notes truncated___` : text;
}
