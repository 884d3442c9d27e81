import type { FastifyInstance } from 'fastify';
import { type Bodhi, look } from './context.ts';
import { notFoundPage, Refused, refused, resource } from './http.ts';
import { buildJson, commentJson, composeJson, userJson } from './json.ts';
import type { Login } from './login.ts';
import { aliasesOf, isLike, PAGING, packagesOf, pageOf, readQuery, releasesOf, usersOf } from './query.ts';
import { saveComment } from './update-routes.ts';

const LIST = { kind: 'list', missing: null, split: true } as const;
const TEXT = { kind: 'text', missing: null } as const;

/** The version of the server that this one imitates. */
const VERSION = '26.4.0';

type Words = readonly string[] | null;

/** Login, health, and everything about builds, comments, composes, packages and users that clients read. */
export function otherRoutes(server: FastifyInstance, bodhi: Bodhi, login: Login): void {
  const { store } = bodhi;

  resource(server, '/oidc/login-token', { get: (request, reply) => login.loginToken(request, reply) });
  resource(server, '/csrf', { get: (request, reply) => login.csrf(request, reply) });
  resource(server, '/api_version', { get: () => ({ version: VERSION }) });
  resource(server, '/healthz/live', { get: () => 'ok' });
  resource(server, '/healthz/ready', { get: () => ({ db_session: true }) });

  resource(server, '/builds/', {
    get: (request) => {
      const values = readQuery(request.query, {
        ...PAGING,
        nvr: TEXT,
        packages: LIST,
        releases: LIST,
        updates: LIST,
      });
      const packages = values['packages'] === null ? null : packagesOf(store, values['packages'] as string[]);
      const releases = values['releases'] === null ? null : releasesOf(store, values['releases'] as string[]);
      const aliases = values['updates'] === null ? null : aliasesOf(store, values['updates'] as string[]);
      const found = [...store.builds.values()].filter(
        (build) =>
          (values['nvr'] === null || build.nvr === values['nvr']) &&
          (packages === null || packages.has(build.name)) &&
          (releases === null || releases.has(build.release)) &&
          (aliases === null || aliases.has(build.update?.alias ?? '')),
      );
      found.sort((a, b) => (a.nvr < b.nvr ? -1 : 1));
      const { rows, paging } = pageOf(found, values);
      return { builds: rows.map(buildJson), ...paging };
    },
  });
  resource(server, '/builds/:nvr', {
    get: (request) => {
      const build = store.builds.get((request.params as { nvr: string }).nvr);
      if (build === undefined) throw refused('nvr', 'No such build', 404);
      return buildJson(build);
    },
  });

  resource(server, '/comments/', {
    page: true,
    get: (request) => {
      const values = readQuery(request.query, {
        ...PAGING,
        like: TEXT,
        packages: LIST,
        updates: LIST,
        user: LIST,
        update_owner: LIST,
        ignore_user: LIST,
        since: { kind: 'time', missing: null },
      });
      const aliases = values['updates'] === null ? null : aliasesOf(store, values['updates'] as string[]);
      const packages = values['packages'] === null ? null : packagesOf(store, values['packages'] as string[]);
      const users = values['user'] === null ? null : usersOf(store, 'user', values['user'] as string[]);
      const ignored = (values['ignore_user'] as Words) ?? [];
      const owner = values['update_owner'] as Words;
      const owners = owner === null ? null : usersOf(store, 'update_owner', owner);
      usersOf(store, 'ignore_user', ignored);
      const since = values['since'] as number | null;
      const found = store.comments.filter(
        ({ user, update, text, timestamp }) =>
          // Bodhi's own are left out of every list that is made for people.
          (user.name !== 'bodhi' || values['chrome'] === false) &&
          !ignored.includes(user.name) &&
          (users === null || users.has(user.name)) &&
          (aliases === null || aliases.has(update.alias)) &&
          (packages === null || update.builds.some(({ name }) => packages.has(name))) &&
          (owners === null || owners.has(update.user.name)) &&
          isLike(values['like'], text) &&
          (since === null || timestamp >= since),
      );
      const { rows, paging } = pageOf(found.toReversed(), values);
      const how = look(bodhi, true);
      return { comments: rows.map((one) => commentJson(one, how)), ...paging, chrome: values['chrome'] };
    },
    post: (request) => saveComment(bodhi, login, request),
  });
  resource(server, '/comments/:id', {
    page: true,
    get: (request) => {
      const { id } = request.params as { id: string };
      const comment = store.comments.find((one) => String(one.id) === id);
      if (comment !== undefined) return { comment: commentJson(comment, look(bodhi, true)) };
      const error = /^-?\d+$/.test(id) ? 'Invalid comment id' : 'Comment id must be an int';
      const status = /^-?\d+$/.test(id) ? 404 : 400;
      throw refusedUrl('id', error, status);
    },
  });

  resource(server, '/composes/', {
    page: true,
    get: () => ({
      composes: [...store.composes]
        .map((compose) => ({ compose, json: composeJson(compose, bodhi.kit.clock.now()) }))
        .sort((a, b) => rank(a) - rank(b))
        .map(({ json }) => json),
    }),
  });
  resource(server, '/composes/:release/:request', {
    page: true,
    get: (request, reply) => {
      const asked = request.params as { release: string; request: string };
      const compose = [...store.composes].find(
        (one) => one.release.name === asked.release && one.request === asked.request,
      );
      return compose === undefined
        ? notFoundPage(reply)
        : { compose: composeJson(compose, bodhi.kit.clock.now()) };
    },
  });

  resource(server, '/packages/', {
    get: (request) => {
      const values = readQuery(request.query, { ...PAGING, name: TEXT, like: TEXT, search: TEXT });
      const found = [...store.packages].filter(
        (name) =>
          (values['name'] === null || name === values['name']) &&
          isLike(values['like'], name) &&
          isLike(values['search'], name, 'any case'),
      );
      const { rows, paging } = pageOf(found, values);
      return { packages: rows.map((name) => ({ name, type: 'rpm', requirements: null })), ...paging };
    },
  });

  resource(server, '/users/', {
    get: (request) => {
      const values = readQuery(request.query, {
        ...PAGING,
        like: TEXT,
        search: TEXT,
        name: TEXT,
        groups: LIST,
        updates: LIST,
      });
      const groups = values['groups'] as Words;
      const all = new Set([...store.users.values()].flatMap((user) => user.groups));
      const bad = (groups ?? []).filter((group) => !all.has(group));
      if (bad.length > 0) {
        throw new Refused([
          {
            location: 'querystring',
            name: 'groups',
            description: `Invalid groups specified: ${bad.join(', ')}`,
          },
        ]);
      }
      const aliases = values['updates'] === null ? null : aliasesOf(store, values['updates'] as string[]);
      const owners = new Set(
        store.updates.filter(({ alias }) => aliases?.has(alias)).map(({ user }) => user.name),
      );
      const found = [...store.users.values()].filter(
        ({ name, groups: own }) =>
          isLike(values['name'], name, 'whole') &&
          isLike(values['like'], name) &&
          isLike(values['search'], name, 'any case') &&
          (groups === null || groups.some((group) => own.includes(group))) &&
          (aliases === null || owners.has(name)),
      );
      const { rows, paging } = pageOf(found, values);
      return { users: rows.map((user) => userJson(user, look(bodhi, true))), ...paging };
    },
  });
  resource(server, '/users/:name', {
    page: true,
    get: (request) => {
      const user = store.users.get((request.params as { name: string }).name);
      if (user === undefined) throw refused('name', 'No such user', 404);
      return { user: userJson(user, look(bodhi, true)), urls: userUrls(bodhi.url(), user.name) };
    },
  });
}

/** Where a page about a user leads to. */
function userUrls(url: string, name: string) {
  const by = (path: string, field = 'user') => `${url}/${path}/?${field}=${name}`;
  return {
    comments_by: by('comments'),
    comments_on: by('comments', 'update_owner'),
    recent_updates: by('updates'),
    recent_overrides: by('overrides'),
    comments_by_rss: by('rss/comments'),
    comments_on_rss: by('rss/comments', 'update_owner'),
    recent_updates_rss: by('rss/updates'),
    recent_overrides_rss: by('rss/overrides'),
  };
}

function rank({ compose, json }: { compose: { request: string }; json: { security?: unknown } }): number {
  return (json.security === true ? 0 : 2) + (compose.request === 'stable' ? 0 : 1);
}

function refusedUrl(name: string, description: string, status: number) {
  return new Refused([{ location: 'url', name, description }], status);
}
