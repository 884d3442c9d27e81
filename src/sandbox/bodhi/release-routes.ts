import type { FastifyInstance } from 'fastify';
import type { Bodhi } from './context.ts';
import { duplicateKey } from './database.ts';
import { Refused, refused, resource } from './http.ts';
import { releaseJson } from './json.ts';
import type { Login } from './login.ts';
import type { Release } from './model.ts';
import { aliasesOf, isLike, PAGING, packagesOf, pageOf, readQuery } from './query.ts';
import type { Fields, Refusal, Schema } from './schema.ts';
import { addComment } from './talk.ts';
import { readBody } from './update-routes.ts';
import { PACKAGE_MANAGERS, RELEASE_STATES, type ReleaseState } from './words.ts';

const LIST = { kind: 'list', missing: null, split: true } as const;

const QUERY: Schema = {
  ...PAGING,
  ids: { ...LIST, numbers: true },
  name: { kind: 'text', missing: null },
  updates: LIST,
  packages: LIST,
  state: { kind: 'list', missing: null, of: RELEASE_STATES },
  exclude_archived: { kind: 'flag', missing: false, strict: true },
};

const SAVE: Schema = {
  name: { kind: 'text' },
  long_name: { kind: 'text' },
  version: { kind: 'text', missing: null },
  branch: { kind: 'text' },
  id_prefix: { kind: 'text' },
  dist_tag: { kind: 'text' },
  stable_tag: { kind: 'text' },
  testing_tag: { kind: 'text' },
  candidate_tag: { kind: 'text' },
  pending_signing_tag: { kind: 'text', missing: '' },
  pending_testing_tag: { kind: 'text', missing: '' },
  pending_stable_tag: { kind: 'text', missing: '' },
  override_tag: { kind: 'text', missing: '' },
  state: { kind: 'text', missing: 'disabled', of: RELEASE_STATES },
  edited: { kind: 'text', missing: null },
  mail_template: { kind: 'text', missing: 'fedora_errata_template' },
  composed_by_bodhi: { kind: 'flag', missing: true, strict: true },
  create_automatic_updates: { kind: 'flag', missing: false, strict: true },
  package_manager: { kind: 'text', missing: 'unspecified', of: PACKAGE_MANAGERS },
  testing_repository: { kind: 'text', missing: null },
  released_on: { kind: 'text', missing: null },
  eol: { kind: 'text', missing: null },
};

const TAGS = [
  'candidate_tag',
  'testing_tag',
  'stable_tag',
  'override_tag',
  'pending_testing_tag',
  'pending_stable_tag',
  'pending_signing_tag',
] as const;

/** In the order in which the row is written. */
const COLUMNS = [
  'name',
  'long_name',
  'version',
  'id_prefix',
  'branch',
  'dist_tag',
  'stable_tag',
  'testing_tag',
  'candidate_tag',
  'pending_signing_tag',
  'pending_testing_tag',
  'pending_stable_tag',
  'override_tag',
  'mail_template',
  'state',
  'composed_by_bodhi',
  'create_automatic_updates',
  'package_manager',
  'testing_repository',
  'released_on',
  'eol',
];

export function releaseRoutes(server: FastifyInstance, bodhi: Bodhi, login: Login): void {
  const { store } = bodhi;

  resource(server, '/releases/', {
    page: true,
    get: (request) => {
      const values = readQuery(request.query, QUERY);
      const ids = values['ids'] as readonly string[] | null;
      const name = values['name'] as string | null;
      const states = values['state'] as readonly string[] | null;
      const aliases = values['updates'] === null ? null : aliasesOf(store, values['updates'] as string[]);
      const packages = values['packages'] === null ? null : packagesOf(store, values['packages'] as string[]);
      const builds = [...store.builds.values()];
      const found = store.releases
        .filter(
          (release) =>
            (ids === null || ids.includes(String(release.id))) &&
            isLike(name, release.name, 'whole') &&
            (states === null || states.includes(release.state)) &&
            (values['exclude_archived'] !== true || release.state !== 'archived') &&
            (aliases === null ||
              builds.some((build) => build.release === release && aliases.has(build.update?.alias ?? ''))) &&
            (packages === null ||
              builds.some((build) => build.release === release && packages.has(build.name))),
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { rows, paging } = pageOf(found, values);
      return { releases: rows.map(releaseJson), ...paging };
    },
    post: (request) => {
      login.permit(request, 'save_release', 'admin');
      const values = readBody(login, request, SAVE);
      checkDates(values);
      checkTags(bodhi, values);
      return releaseJson(save(bodhi, values));
    },
  });

  resource(server, '/releases/:name', {
    page: true,
    get: (request) => {
      const release = store.release((request.params as { name: string }).name);
      if (release === undefined) throw refused('name', 'No such release', 404);
      return releaseJson(release);
    },
  });
}

function checkDates(values: Fields): void {
  const refusals = ['released_on', 'eol'].flatMap((name): Refusal[] => {
    const given = values[name];
    if (given === null) return [];
    const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(String(given)) ?? [];
    const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
    if (year === '' || date.getUTCMonth() + 1 !== Number(month)) {
      return [{ location: 'body', name, description: 'Invalid date' }];
    }
    if (name === 'eol' && (date.getUTCFullYear() < 1999 || date.getUTCFullYear() >= 2100)) {
      const description = 'End-of-life date may not be in the right range of years (2000-2100)';
      return [{ location: 'body', name, description }];
    }
    return [];
  });
  if (refusals.length > 0) throw new Refused(refusals);
}

/** A tag that Koji does not have makes its port throw. */
function checkTags(bodhi: Bodhi, values: Fields): void {
  const refusals = TAGS.flatMap((name) => {
    const tag = String(values[name]);
    if (tag === '') return [];
    try {
      bodhi.ports.koji.taggedWith(tag);
      return [];
    } catch {
      return [{ location: 'body', name, description: `Invalid tag: ${tag}` } as const];
    }
  });
  if (refusals.length > 0) throw new Refused(refusals);
}

function save(bodhi: Bodhi, values: Fields): Release {
  const { edited, ...columns } = values;
  const { store } = bodhi;
  if (edited === null) {
    if (store.releases.some(({ name }) => name === columns['name'])) {
      throw duplicateKey({
        table: 'releases',
        constraint: 'releases_name_key',
        key: ['name'],
        columns: Object.fromEntries(COLUMNS.map((name) => [name, columns[name]])),
      });
    }
    const release = { id: store.nextId('release'), ...columns } as unknown as Release;
    store.releases.push(release);
    return release;
  }
  const release = store.releases.find(({ name }) => name === edited);
  if (release === undefined)
    throw refused('release', 'Unable to create/edit release: No row was found when one was required');
  const state = columns['state'] as ReleaseState;
  const updates = store.updates.filter((update) => update.release === release);
  if (state === 'archived' && release.state !== 'archived') {
    for (const update of updates.filter(({ status }) => status === 'pending' || status === 'testing')) {
      update.status = 'obsolete';
      update.request = null;
      addComment(bodhi, update, {
        text: `This update is marked obsolete because the ${release.name} release is archived.`,
        author: 'bodhi',
      });
    }
  }
  if (state === 'frozen' && release.state !== 'frozen') {
    for (const update of updates.filter(({ request, locked }) => request === 'stable' && !locked)) {
      addComment(bodhi, update, {
        text: 'There is an ongoing freeze; this will be pushed to stable after the freeze is over.',
        author: 'bodhi',
      });
    }
  }
  Object.assign(release, columns);
  return release;
}
