import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { str } from '../resultsdb/python.ts';
import { type Bodhi, BodhiError, LockedError, look, transaction, type Work } from './context.ts';
import { createUpdate, editUpdate } from './create.ts';
import { compareEvr, evrOf } from './evr.ts';
import { askGreenwave, waiveResults } from './gating.ts';
import { bodyOf, Refused, refused, resource } from './http.ts';
import { commentJson, type Json, updateJson } from './json.ts';
import { type Caveat, comment, setRequest, tryToObsoleteOlder } from './life.ts';
import { CSRF_TEXT, type Login } from './login.ts';
import type { Release, Update, User } from './model.ts';
import { queryUpdates } from './query.ts';
import { amongRivals } from './race.ts';
import { type Fields, type Refusal, readFields, type Schema } from './schema.ts';
import { ServiceError, ServiceTimeout } from './services.ts';
import { announce } from './talk.ts';
import { Checks, checkUpdate, checkUpdateAcls, UNKNOWN_ACL, UPDATE_SCHEMA } from './validate.ts';
import { REQUESTS, type Request } from './words.ts';

/** Reads a protected body: the CSRF token is its first field. */
export function readBody(login: Login, request: FastifyRequest, schema: Schema): Fields {
  const body = bodyOf(request);
  const refusals: Refusal[] = [];
  const token = body['csrf_token'];
  if (token === undefined || token === null || token === '') {
    refusals.push({ location: 'body', name: 'csrf_token', description: 'Required' });
  } else if (!login.isTokenOf(request, str(token))) {
    refusals.push({ location: 'body', name: 'csrf_token', description: CSRF_TEXT });
  }
  const read = readFields(body, schema, 'body');
  refusals.push(...read.refusals);
  if (refusals.length > 0) throw new Refused(refusals);
  return read.values;
}

interface Named {
  Params: { id: string };
}

/** Addresses below `/updates/`, and `/comments/` for writing. */
export function updateRoutes(server: FastifyInstance, bodhi: Bodhi, login: Login): void {
  const { store } = bodhi;

  /** The update of the address; a package's name leads to its updates. */
  function find(request: FastifyRequest, missing: readonly Refusal[] = []): Update {
    const { id } = request.params as Named['Params'];
    const update = store.update(id);
    if (update !== undefined) return update;
    if (store.packages.has(id)) throw new Moved(`http://${request.host}/updates/?packages=${id}`);
    throw new Refused([{ location: 'url', name: 'id', description: 'Invalid update id' }, ...missing], 404);
  }

  const asked = (update: Update): Json => updateJson(update, look(bodhi, true));

  function mayEdit(request: FastifyRequest, update: Update): boolean {
    const user = login.userOf(request);
    if (user === undefined) return false;
    const checks = new Checks();
    checkUpdateAcls(bodhi, checks, user, update);
    return checks.refusals.length === 0;
  }

  resource(server, '/updates/', {
    page: true,
    get: (request) => queryUpdates(bodhi, request.query),
    post: async (request) => {
      const user = login.permit(request, 'new_update', 'packager');
      const values = readBody(login, request, UPDATE_SCHEMA);
      return amongRivals(bodhi, values, () => saveUpdate(bodhi, user, values));
    },
  });

  resource(server, '/updates/:id', {
    page: true,
    get: (request, reply) =>
      following(reply, () => {
        const update = find(request);
        const can = mayEdit(request, update);
        return { update: asked(update), can_edit: can, ci_allowed: can };
      }),
  });

  resource(server, '/updates/:id/request', {
    post: async (request) => {
      const user = login.permit(request, 'set_request', 'packager');
      const values = readBody(login, request, { request: { kind: 'text', of: REQUESTS } });
      const action = values['request'] as Request;
      const update = find(request, [UNKNOWN_ACL]);
      const checks = new Checks();
      checkUpdateAcls(bodhi, checks, user, update);
      checkOrder(bodhi, checks, update, action);
      checks.end();
      if (update.locked) throw refused('request', "Can't change request on a locked update");
      if (update.status === 'stable' && action === 'testing') {
        throw refused('request', 'Pushing back to testing a stable update is not allowed');
      }
      await acting(bodhi, (work) => setRequest(bodhi, work, update, action, user.name));
      return { update: asked(update) };
    },
  });

  resource(server, '/updates/:id/waive-test-results', {
    post: async (request) => {
      const user = login.permit(request, 'waive_test_results', 'packager');
      const values = readBody(login, request, {
        comment: { kind: 'text', missing: null },
        tests: { kind: 'list', missing: null },
      });
      const update = find(request, [{ ...UNKNOWN_ACL, name: 'update' }]);
      const checks = new Checks();
      checkUpdateAcls(bodhi, checks, user, update);
      checks.end();
      await acting(bodhi, () =>
        waiveResults(bodhi, update, {
          user: user.name,
          comment: values['comment'] as string | null,
          tests: (values['tests'] as readonly string[] | null) ?? [],
        }),
      );
      return { update: asked(update) };
    },
  });

  resource(server, '/updates/:id/trigger-tests', {
    post: async (request) => {
      const user = login.permit(request, 'trigger_tests', 'packager');
      readBody(login, request, {});
      const update = find(request, [{ ...UNKNOWN_ACL, name: 'update' }]);
      const checks = new Checks();
      checkUpdateAcls(bodhi, checks, user, update);
      checks.end();
      if (update.status !== 'testing') throw refused('request', 'Update is not in testing status');
      await transaction(bodhi, (work) => announce(bodhi, work, update, { agent: user.name, again: true }));
      return { update: asked(update) };
    },
  });

  resource(server, '/updates/:id/get-test-results', {
    get: (request, reply) =>
      following(reply, async () => {
        const update = find(request);
        try {
          return { decisions: await askGreenwave(bodhi, update, true) };
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          throw refused('request', error.message, error instanceof ServiceTimeout ? 504 : 502);
        }
      }),
  });
}

/** POST /comments/. */
export async function saveComment(bodhi: Bodhi, login: Login, request: FastifyRequest): Promise<Json> {
  const values = readBody(login, request, {
    update: { kind: 'text' },
    text: { kind: 'text', missing: '' },
    karma: { kind: 'number', missing: 0, min: -1, max: 1 },
    karma_critpath: { kind: 'number', missing: 0, min: -1, max: 1 },
  });
  const alias = String(values['update']);
  const update = bodhi.store.update(alias);
  if (update === undefined) {
    const again: Refusal = { location: 'url', name: 'id', description: 'Invalid update' };
    const first: Refusal = {
      location: 'url',
      name: 'update',
      description: `Invalid update specified: ${alias}`,
    };
    throw new Refused([first, again, again], 404);
  }
  const user = login.userOf(request);
  if (user === undefined) throw refused('email', 'You must provide an author', 403);
  const text = String(values['text']);
  const karma = Number(values['karma']);
  if (text === '' && karma === 0 && Number(values['karma_critpath']) === 0) {
    throw refused('comment', 'You must provide either some text or feedback');
  }
  const caveats = await transaction(bodhi, (work) =>
    comment(bodhi, work, update, { text, author: user.name, karma }),
  );
  // Whatever was said last comes back, be it Bodhi's own answer to the comment.
  const last = update.comments.at(-1);
  return {
    comment: last === undefined ? null : commentJson(last, look(bodhi, true)),
    caveats,
  };
}

async function saveUpdate(bodhi: Bodhi, user: User, values: Fields): Promise<Json> {
  const checked = checkUpdate(bodhi, user, values);
  if (checked.from_tag === null && checked.builds.some(({ release }) => !release.composed_by_bodhi)) {
    throw refused(
      'builds',
      "Cannot manually create updates for a Release which is not composed by Bodhi.\nRead the 'Automatic updates' page in Bodhi docs about this error.",
    );
  }
  const rows = checked.builds.map(({ facts, release }) => bodhi.store.build(facts, release));
  const releases: Release[] = [...new Set(checked.builds.map(({ release }) => release))];
  const caveats: Caveat[] = [];
  const updates: Update[] = [];
  try {
    await transaction(bodhi, async (work) => {
      const { edited } = checked;
      if (edited !== undefined) {
        caveats.push(
          ...(await editUpdate(bodhi, work, { update: edited, builds: rows, user, checked, values })),
        );
        updates.push(edited);
        return;
      }
      if (releases.length > 1) {
        caveats.push({
          name: 'releases',
          description: `Your update is being split into ${releases.length}, one for each release.`,
        });
      }
      for (const release of releases) {
        const builds = rows.filter((build) => build.release === release);
        const made = await createUpdate(bodhi, work, { release, builds, user, checked, values });
        updates.push(made.update);
        caveats.push(...made.caveats);
      }
    });
  } catch (error) {
    if (error instanceof LockedError) throw refused('builds', error.message);
    if (!(error instanceof Error)) throw error;
    throw refused('builds', `Unable to create update.  ${error.message}`);
  }
  for (const update of updates) caveats.push(...tryToObsoleteOlder(bodhi, update));
  const [only] = updates;
  if (only !== undefined && updates.length === 1) {
    return { ...updateJson(only, look(bodhi, false)), caveats };
  }
  return { updates: updates.map((update) => updateJson(update, look(bodhi, true))), caveats };
}

/** What a rule says no with is an entry named `request`; anything that happened before stays. */
async function acting(bodhi: Bodhi, act: (work: Work) => Promise<void>): Promise<void> {
  try {
    await transaction(bodhi, act);
  } catch (error) {
    if (error instanceof BodhiError || error instanceof ServiceError || error instanceof Error) {
      throw refused('request', error.message);
    }
    throw error;
  }
}

/** A build may not overtake a newer one that is already where it shall go. */
function checkOrder(bodhi: Bodhi, checks: Checks, update: Update, action: Request): void {
  if (action !== 'stable' && action !== 'testing') return;
  for (const build of update.builds) {
    for (const other of bodhi.store.builds.values()) {
      if (other.name !== build.name || other === build || other.update?.status !== action) continue;
      if (other.update.release !== update.release) continue;
      if (compareEvr(evrOf(other), evrOf(build)) <= 0) continue;
      const evr = (one: typeof build) => `${one.epoch}:${one.nvr.split('-').slice(-2).join('-')}`;
      checks.add(
        'update',
        `Cannot submit ${build.name} ${evr(build)} to ${action} since it is older than ${evr(other)}`,
        'querystring',
      );
      return;
    }
  }
}

/** The address is that of a package: its updates are elsewhere. */
class Moved extends Error {
  override readonly name = 'Moved';
  readonly to: string;

  constructor(to: string) {
    super(to);
    this.to = to;
  }
}

async function following(reply: FastifyReply, act: () => unknown): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
    return reply
      .code(302)
      .header('location', error.to)
      .send({
        message: `The resource was found at ${error.to}; you should be redirected automatically.\n\n`,
        code: '302 Found',
        title: 'Found',
      });
  }
}
