import { generic, notAllowed, parameter } from '../faults.ts';
import { findTag, type Hub, hasPerm, lookupTag, mustFindTag, REPO, type Repo } from '../hub.ts';
import { type Methods, read, write } from '../method.ts';
import { applyClauses, page, pickFields, toInt } from '../query.ts';
import { mayHurry, readyRepo, repoStruct, requestRepo, requestStruct, setRepoState } from '../repo-task.ts';
import { flag, mustBeUser, mustHavePerm } from '../sessions.ts';
import { lastChange } from '../tagging.ts';
import { newTask, taskStruct } from '../tasks.ts';
import { isStruct, type Struct, type Value } from '../value.ts';

/** Seconds that a repo may lag behind its tag for a request that names no event. */
const LAG_S = 3600;

const KNOWN_OPTS = new Set(['src', 'debuginfo', 'separate_src', 'maven']);

function intOrNil(value: Value | undefined): number | null {
  return value === undefined || value === null ? null : toInt(value);
}

function mustFindRepo(hub: Hub, id: Value): Repo {
  const repo = hub.repos.find((one) => one.id === toInt(id));
  if (repo === undefined) throw generic('query returned no rows');
  return repo;
}

const REPO_FIELDS = [
  'create_event',
  'create_ts',
  'creation_ts',
  'id',
  'state',
  'state_ts',
  'tag_id',
  'tag_name',
];
const REQUEST_FIELDS = [
  'active',
  'at_event',
  'create_ts',
  'id',
  'min_event',
  'opts',
  'repo_id',
  'tag_id',
  'task_id',
  'tries',
  'update_ts',
];
const ALL_REPO_FIELDS = new Set([
  ...REPO_FIELDS,
  'begin_event',
  'begin_ts',
  'creation_time',
  'custom_opts',
  'dist',
  'end_event',
  'end_ts',
  'opts',
  'state_time',
  'task_id',
  'task_state',
]);
const ALL_REQUEST_FIELDS = new Set([
  ...REQUEST_FIELDS,
  'create_time',
  'owner',
  'owner_name',
  'priority',
  'tag_name',
  'task_state',
  'update_time',
]);

function ask(hub: Hub, args: Readonly<Record<string, Value>>, owner: ReturnType<typeof mustBeUser>): Struct {
  const { min_event = null, at_event = null, opts = null, priority = null } = args;
  const tag = mustFindTag(hub, args['tag'] ?? null);
  if (min_event !== null && at_event !== null) {
    throw parameter('The min_event and at_event options conflict');
  }
  const unknown = isStruct(opts) ? Object.keys(opts).find((key) => !KNOWN_OPTS.has(key)) : undefined;
  if (unknown !== undefined) throw parameter(`Invalid repo option: ${unknown}`);
  const step = intOrNil(priority) ?? 0;
  if (!mayHurry(owner, step)) throw notAllowed('only admins may create high-priority requests');

  const last = lastChange(hub, tag).id;
  const minEvent = min_event === 'last' || min_event === null ? last : toInt(min_event);
  if (minEvent > (hub.events.at(-1)?.id ?? 0)) throw parameter(`Invalid event: ${minEvent}`);
  const ready = readyRepo(hub, tag, null);
  const fresh = ready !== undefined && (ready.end === null || hub.now() - ready.end.ts < LAG_S);
  const fitting = min_event === null && fresh ? ready : readyRepo(hub, tag, minEvent);
  if (fitting !== undefined && !flag(args['force'])) {
    return { repo: repoStruct(fitting), request: null, duplicate: false };
  }
  const { request, duplicate } = requestRepo(hub, { tag, owner, minEvent, priority: 20 + step });
  return { repo: null, request: requestStruct(request), duplicate };
}

/** Repos of build tags, and requests for them. */
export const repoMethods: Methods = {
  getRepo: read(
    'RootExports.getRepo(tag, state=None, event=None, dist=False, min_event=None)',
    ({ tag = null, state, event, dist, min_event }, { hub }) => {
      const found = lookupTagOrRemoved(hub, tag);
      const wanted = intOrNil(state) ?? REPO.ready;
      if (found === undefined || flag(dist)) return null;
      if (wanted !== REPO.ready) {
        const other = hub.repos.findLast((repo) => repo.tag === found && repo.state === wanted);
        return other === undefined ? null : repoStruct(other);
      }
      const repo = readyRepo(hub, found, intOrNil(min_event), intOrNil(event));
      return repo === undefined ? null : repoStruct(repo);
    },
  ),
  'repo.get': read(
    'RepoExports.get(tag, min_event=None, at_event=None, opts=None)',
    ({ tag = null, min_event, at_event }, { hub }) => {
      const found = lookupTag(hub, tag);
      const repo = readyRepo(hub, found, intOrNil(min_event), intOrNil(at_event));
      return repo === undefined ? null : repoStruct(repo);
    },
  ),
  repoInfo: read('repo_info(repo_id, strict=False)', ({ repo_id = null, strict }, { hub }) => {
    const repo = hub.repos.find(({ id }) => id === toInt(repo_id));
    if (repo === undefined && flag(strict)) throw generic('query returned no rows');
    return repo === undefined ? null : repoStruct(repo);
  }),
  'repo.request': write(
    'RepoExports.request(tag, min_event=None, at_event=None, opts=None, priority=None, force=False)',
    (args, { hub, caller }) => ask(hub, args, mustBeUser(caller)),
  ),
  'repo.checkRequest': read('RepoExports.checkRequest(req_id)', ({ req_id = null }, { hub }) => {
    const request = hub.repoRequests.find(({ id }) => id === toInt(req_id));
    if (request === undefined) throw generic('No such request');
    const { repo, task, active } = request;
    return {
      repo: repo === null ? null : repoStruct(repo),
      request: requestStruct(request),
      ...(task !== null && active ? { task: taskStruct(task) } : {}),
    };
  }),
  'repo.query': read('RepoExports.query(clauses, fields=None, opts=None)', (args, { hub }) => {
    const { clauses = null, fields = null, opts = null } = args;
    const rows = applyClauses(hub.repos.map(repoStruct), clauses, ALL_REPO_FIELDS);
    return page(pickFields(rows, fields, REPO_FIELDS, ALL_REPO_FIELDS), opts);
  }),
  'repo.queryQueue': read('RepoExports.queryQueue(clauses=None, fields=None, opts=None)', (args, { hub }) => {
    const { clauses = null, fields = null, opts = null } = args;
    const rows = applyClauses(hub.repoRequests.map(requestStruct), clauses, ALL_REQUEST_FIELDS);
    return page(pickFields(rows, fields, REQUEST_FIELDS, ALL_REQUEST_FIELDS), opts, { lazy: false });
  }),
  'repo.references': read('RepoExports.references(repo_id)', () => []),
  'repo.setRequestPriority': write(
    'RepoExports.setRequestPriority(req_id, priority)',
    (_args, { caller }) => {
      mustHavePerm(caller, 'admin');
      return null;
    },
  ),
  newRepo: write(
    'RootExports.newRepo(tag, event=None, src=False, debuginfo=False, separate_src=False)',
    ({ tag = null }, { hub, caller }) => {
      const { session } = caller;
      if (session === undefined || !(hasPerm(session.user, 'regen-repo') || hasPerm(session.user, 'repo'))) {
        mustHavePerm(caller, 'regen-repo');
      }
      const owner = mustBeUser(caller);
      const { id, name } = mustFindTag(hub, tag);
      const task = newTask(hub, {
        method: 'newRepo',
        request: [{ id, name }],
        owner,
        priority: 15,
        channel: 2,
      });
      hub.start(task);
      return task.id;
    },
  ),
  repoExpire: write('RootExports.repoExpire(repo_id)', ({ repo_id = null }, { hub, caller }) => {
    mustHavePerm(caller, 'repo');
    setRepoState(hub, mustFindRepo(hub, repo_id), REPO.expired);
    return null;
  }),
  repoProblem: write('RootExports.repoProblem(repo_id)', ({ repo_id = null }, { hub, caller }) => {
    mustHavePerm(caller, 'repo');
    setRepoState(hub, mustFindRepo(hub, repo_id), REPO.problem);
    return null;
  }),
};

/** A removed tag has no repo; one that never was is a fault. */
function lookupTagOrRemoved(hub: Hub, info: Value) {
  const tag = findTag(hub, info);
  if (tag === undefined && hub.tags.some(({ id, name }) => id === info || name === info)) return undefined;
  return tag ?? lookupTag(hub, info);
}
