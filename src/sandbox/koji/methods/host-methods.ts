import { FAULT, generic, KojiFault } from '../faults.ts';
import { type Channel, findUser, type Host, type Hub, mustFindUser, type Task, type User } from '../hub.ts';
import { type Methods, read } from '../method.ts';
import { applyClauses, page, pickFields, scalarFilter } from '../query.ts';
import { flag, mustBeUser } from '../sessions.ts';
import { stampOf, timeText } from '../stamps.ts';
import { Float, isList, isStruct, isTrue, plainText, type Struct, type Value } from '../value.ts';
import { loadOf } from '../worker.ts';
import { userStruct } from './session-methods.ts';

/** Builders report every 15 s; each at its own moment. */
function lastUpdate(hub: Hub, host: Host): number {
  const period = 15_000;
  const offset = hub.kit.draw('koji.host-update', host.name) * period;
  const now = hub.kit.clock.now();
  return stampOf(Math.floor((now - offset) / period) * period + offset);
}

function hostStruct(hub: Hub, host: Host): Struct {
  return {
    arches: host.arches.join(' '),
    capacity: new Float(host.capacity),
    comment: host.comment,
    description: host.description,
    enabled: host.enabled,
    id: host.id,
    name: host.name,
    ready: host.reports,
    task_load: new Float(loadOf(hub, host)),
    update_ts: host.reports ? new Float(lastUpdate(hub, host)) : null,
    user_id: host.user.id,
  };
}

function channelStruct({ id, name, description }: Channel): Struct {
  return { comment: null, description, enabled: true, id, name };
}

/** A channel by id, name or map; undefined when there is none. */
export function findChannel(hub: Hub, info: Value): Channel | undefined {
  const key = isStruct(info) ? (info['id'] ?? info['name'] ?? null) : info;
  return hub.channels.find(({ id, name }) => id === key || name === key);
}

/** A host by id or name; undefined when there is none. */
export function findHost(hub: Hub, info: Value): Host | undefined {
  const key = isStruct(info) ? (info['id'] ?? info['name'] ?? null) : info;
  return hub.hosts.find(({ id, name }) => id === key || name === key);
}

const RUN_FIELDS = ['active', 'create_ts', 'host_id', 'id', 'task_id'];
const ALL_RUN_FIELDS = new Set([
  ...RUN_FIELDS,
  'arch',
  'channel_id',
  'completion_ts',
  'host_name',
  'host_ready',
  'method',
  'owner',
  'start_ts',
  'state',
]);
/** Given unasked; the builder's name only where it is asked for. */
const LOG_FIELDS = ['host_id', 'id', 'msg', 'msg_ts', 'task_id'];
const LOG_KNOWN: ReadonlySet<string> = new Set([...LOG_FIELDS, 'host_name']);
const REFUSAL_FIELDS = ['by_host', 'host_id', 'id', 'msg', 'soft', 'task_id', 'ts'];

/** Seconds after its end until the scheduler notices that a run is over. */
const NOTICED_S = 30;

function runRows(hub: Hub): readonly Struct[] {
  const isOver = ({ completion_ts }: Task) =>
    completion_ts !== null && stampOf(hub.kit.clock.now()) > completion_ts + NOTICED_S;
  return hub.runs.map(({ id, task, host, active, create_ts }) => ({
    active: active && !isOver(task),
    arch: task.arch,
    channel_id: task.channel,
    completion_ts: task.completion_ts === null ? null : new Float(task.completion_ts),
    create_ts: new Float(create_ts),
    host_id: host.id,
    host_name: host.name,
    host_ready: true,
    id,
    method: task.method,
    owner: task.owner.id,
    start_ts: task.start_ts === null ? null : new Float(task.start_ts),
    state: task.state,
    task_id: task.id,
  }));
}

function logRows(hub: Hub): readonly Struct[] {
  return hub.runs.map(({ id, task, host, create_ts }) => ({
    host_id: host.id,
    host_name: host.name,
    id,
    msg: 'Assigning task',
    msg_ts: new Float(create_ts),
    task_id: task.id,
  }));
}

const METHODS = [
  'build',
  'buildArch',
  'buildSRPMFromSCM',
  'rebuildSRPM',
  'tagBuild',
  'newRepo',
  'createrepo',
  'waitrepo',
];

/** The refusal of everybody who is no builder: the builders of the sandbox do not come over the wire. */
export function mustBeHost(user: User | undefined): never {
  if (user === undefined) throw new KojiFault(FAULT.auth, 'Not logged-in');
  throw new KojiFault(FAULT.auth, `User ${user.id} is not a host`);
}

/** Builders, channels, users and what the scheduler wrote down. */
export const hostMethods: Methods = {
  listHosts: read(
    'RootExports.listHosts(arches=None, channelID=None, ready=None, enabled=None, userID=None, queryOpts=None)',
    ({ arches = null, channelID = null, ready = null, enabled = null, userID = null }, { hub }) => {
      const channel = channelID === null ? undefined : findChannel(hub, channelID);
      if (channelID !== null && channel === undefined) {
        throw generic(`No such entry in table channels: ${plainText(channelID)}`);
      }
      if (arches !== null && !isTrue(arches)) throw generic('arches option cannot be empty');
      const wanted = arches === null ? null : isList(arches) ? arches : [arches];
      const user = userID === null ? undefined : mustFindUser(hub, userID);
      return hub.hosts
        .filter(
          (host) =>
            (wanted === null || host.arches.some((arch) => wanted.includes(arch))) &&
            (channel === undefined || host.channels.has(channel.id)) &&
            (ready === null || host.reports === flag(ready)) &&
            (enabled === null || host.enabled === flag(enabled)) &&
            (user === undefined || host.user === user),
        )
        .map((host) => hostStruct(hub, host));
    },
  ),
  getHost: read('get_host(hostInfo, strict=False, event=None)', ({ hostInfo = null, strict }, { hub }) => {
    const host = findHost(hub, hostInfo);
    if (host !== undefined) return hostStruct(hub, host);
    if (flag(strict)) throw generic(`Invalid hostInfo: ${plainText(hostInfo)}`);
    return null;
  }),
  getLastHostUpdate: read(
    'RootExports.getLastHostUpdate(hostID, ts=False)',
    ({ hostID = null, ts }, { hub }) => {
      const id = scalarFilter({ name: 'host.id', type: 'integer', line: 5, lazy: false }, hostID);
      const host = hub.hosts.find((one) => one.id === id);
      if (host?.reports !== true) return null;
      const stamp = lastUpdate(hub, host);
      return flag(ts) ? new Float(stamp) : timeText(stamp);
    },
  ),
  listChannels: read(
    'list_channels(hostID=None, event=None, enabled=None)',
    ({ hostID = null, enabled = null }, { hub }) => {
      if (enabled !== null && !flag(enabled)) return [];
      const host = hostID === null ? undefined : findHost(hub, hostID);
      return hub.channels
        .filter(({ id }) => hostID === null || host?.channels.has(id) === true)
        .map(channelStruct);
    },
  ),
  getChannel: read('get_channel(channelInfo, strict=False)', ({ channelInfo = null, strict }, { hub }) => {
    const channel = findChannel(hub, channelInfo);
    if (channel === undefined && flag(strict)) throw generic('query returned no rows');
    return channel === undefined ? null : channelStruct(channel);
  }),
  getUser: read(
    'get_user(userInfo=None, strict=False, krb_princs=True, groups=False)',
    ({ userInfo = null, strict }, { hub, caller }) => {
      if (userInfo === null && caller.session === undefined) throw generic('No user provided');
      const user = userInfo === null ? caller.session?.user : findUser(hub, userInfo);
      if (user === undefined && flag(strict)) throw generic(`No such user: '${plainText(userInfo)}'`);
      return user === undefined ? null : userStruct(user);
    },
  ),
  listUsers: read(
    'list_users(userType=0, prefix=None, queryOpts=None, perm=None, inherited_perm=False)',
    ({ userType = 0, prefix = null, queryOpts = null }, { hub }) => {
      const types = isList(userType) ? userType : [userType];
      const rows = hub.users.filter(
        ({ usertype, name }) =>
          types.includes(usertype) && (typeof prefix !== 'string' || name.startsWith(prefix)),
      );
      return page(rows.map(userStruct), queryOpts);
    },
  ),
  'scheduler.getTaskRuns': read('get_task_runs(clauses=None, fields=None, opts=None)', (args, { hub }) => {
    const { clauses = null, fields = null, opts = null } = args;
    const rows = applyClauses(runRows(hub), clauses, ALL_RUN_FIELDS);
    return page(pickFields(rows, fields, RUN_FIELDS, ALL_RUN_FIELDS), opts, { lazy: false });
  }),
  'scheduler.getTaskRefusals': read('get_task_refusals(clauses=None, fields=None, opts=None)', (args) => {
    const { clauses = null, opts = null } = args;
    return page(applyClauses([], clauses, new Set(REFUSAL_FIELDS)), opts, { lazy: false });
  }),
  'scheduler.getLogMessages': read(
    'get_log_messages(clauses=None, fields=None, opts=None)',
    (args, { hub }) => {
      const { clauses = null, fields = null, opts = null } = args;
      const rows = applyClauses(logRows(hub), clauses, LOG_KNOWN);
      return page(pickFields(rows, fields, LOG_FIELDS, LOG_KNOWN), opts, { lazy: false });
    },
  ),
  'scheduler.getHostData': read('get_host_data(hostID=None)', ({ hostID = null }, { hub }) =>
    hub.hosts
      .filter(({ id, reports }) => reports && (hostID === null || id === hostID))
      .map((host) => ({
        data: { load: new Float(0.1), maxjobs: 25, methods: METHODS },
        host_id: host.id,
      })),
  ),
  'host.getTasks': read('HostExports.getTasks()', (_args, { caller }) => mustBeHost(caller.session?.user)),
  'host.getID': read('HostExports.getID(strict=True)', (_args, { caller }) => mustBeHost(mustBeUser(caller))),
};
