import type { FastifyInstance } from 'fastify';
import { type Bodhi, look } from './context.ts';
import { notFoundPage, Refused, refused, resource } from './http.ts';
import { buildJson, commentJson, composeJson, userJson } from './json.ts';
import type { Login } from './login.ts';
import { aliasesOf, PAGING, packagesOf, pageOf, readQuery, releasesOf, usersOf } from './query.ts';
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
        ignore_user: LIST,
        since: { kind: 'time', missing: null },
      });
      const aliases = values['updates'] === null ? null : aliasesOf(store, values['updates'] as string[]);
      const packages = values['packages'] === null ? null : packagesOf(store, values['packages'] as string[]);
      const users = values['user'] === null ? null : usersOf(store, 'user', values['user'] as string[]);
      const ignored = (values['ignore_user'] as Words) ?? [];
      usersOf(store, 'ignore_user', ignored);
      const since = values['since'] as number | null;
      const found = store.comments.filter(
        ({ user, update, text, timestamp }) =>
          // Bodhi's own are left out of every list.
          user.name !== 'bodhi' &&
          !ignored.includes(user.name) &&
          (users === null || users.has(user.name)) &&
          (aliases === null || aliases.has(update.alias)) &&
          (packages === null || update.builds.some(({ name }) => packages.has(name))) &&
          (values['like'] === null || text.includes(String(values['like']))) &&
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
      const values = readQuery(request.query, { ...PAGING, name: TEXT, like: TEXT });
      const found = [...store.packages]
        .filter((name) => values['name'] === null || name === values['name'])
        .filter((name) => values['like'] === null || name.includes(String(values['like'])))
        .sort();
      const { rows, paging } = pageOf(found, values);
      return { packages: rows.map((name) => ({ name, type: 'rpm', requirements: null })), ...paging };
    },
  });

  resource(server, '/users/', {
    page: true,
    get: (request) => {
      const values = readQuery(request.query, {
        ...PAGING,
        like: TEXT,
        search: TEXT,
        name: TEXT,
        groups: LIST,
        updates: LIST,
        packages: LIST,
      });
      const aliases = values['updates'] === null ? null : aliasesOf(store, values['updates'] as string[]);
      const packages = values['packages'] === null ? null : packagesOf(store, values['packages'] as string[]);
      const groups = values['groups'] as Words;
      const part = (values['search'] ?? values['like']) as string | null;
      const found = [...store.users.values()].filter(
        ({ name, groups: own }) =>
          (values['name'] === null || name === values['name']) &&
          (part === null || name.includes(part)) &&
          (groups === null || groups.some((group) => own.includes(group))) &&
          ((aliases === null && packages === null) ||
            store.updates.some(
              (update) =>
                update.user.name === name &&
                (aliases?.has(update.alias) ?? true) &&
                (packages === null || update.builds.some((build) => packages.has(build.name))),
            )),
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
      return { user: userJson(user, look(bodhi, true)) };
    },
  });
}

function rank({ compose, json }: { compose: { request: string }; json: { security?: unknown } }): number {
  return (json.security === true ? 0 : 2) + (compose.request === 'stable' ? 0 : 1);
}

function refusedUrl(name: string, description: string, status: number) {
  return new Refused([{ location: 'url', name, description }], status);
}
