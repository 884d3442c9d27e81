import { FAULT, generic, KojiFault } from '../faults.ts';
import { CHANNELS } from '../furnish.ts';
import { findUser, type Host, type Hub, type Task, type User } from '../hub.ts';
import { type Methods, read } from '../method.ts';
import { applyClauses, page, pickFields, scalarFilter } from '../query.ts';
import { flag, mustBeUser } from '../sessions.ts';
import { stampOf, timeText } from '../stamps.ts';
import { Float, isList, plainText, type Struct, type Value } from '../value.ts';
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
    comment: null,
    description: null,
    enabled: true,
    id: host.id,
    name: host.name,
    ready: true,
    task_load: new Float(loadOf(hub, host)),
    update_ts: new Float(lastUpdate(hub, host)),
    user_id: host.user.id,
  };
}

function channelStruct(name: string, index: number): Struct {
  return { comment: null, description: null, enabled: true, id: index + 1, name };
}

const channels = CHANNELS.map(channelStruct);

/** All builders serve the first two channels and no other. */
function servedChannel(info: Value): Struct | undefined {
  return channels.find((channel) => channel['id'] === info || channel['name'] === info);
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
const LOG_FIELDS = ['host_id', 'id', 'msg', 'msg_ts', 'task_id'];
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

function mustBeHost(user: User | undefined): never {
  if (user === undefined) throw new KojiFault(FAULT.auth, 'Not logged-in');
  throw new KojiFault(FAULT.auth, `User ${user.id} is not a host`);
}

/** Builders, channels, users and what the scheduler wrote down. */
export const hostMethods: Methods = {
  listHosts: read(
    'RootExports.listHosts(arches=None, channelID=None, ready=None, enabled=None, userID=None, queryOpts=None)',
    ({ arches = null, channelID = null, ready = null, enabled = null, userID = null }, { hub }) => {
      if (channelID !== null && servedChannel(channelID) === undefined) {
        throw generic(`No such entry in table channels: ${plainText(channelID)}`);
      }
      const served = channelID === null || Number(servedChannel(channelID)?.['id']) <= 2;
      const wanted = arches === null ? null : isList(arches) ? arches : [arches];
      const user = userID === null ? undefined : findUser(hub, userID);
      if (!served || ready === false || enabled === false) return [];
      return hub.hosts
        .filter(
          (host) =>
            (wanted === null || host.arches.some((arch) => wanted.includes(arch))) &&
            (userID === null || host.user === user),
        )
        .map((host) => hostStruct(hub, host));
    },
  ),
  getHost: read('get_host(hostInfo, strict=False, event=None)', ({ hostInfo = null, strict }, { hub }) => {
    const host = hub.hosts.find(({ id, name }) => id === hostInfo || name === hostInfo);
    if (host !== undefined) return hostStruct(hub, host);
    if (flag(strict)) throw generic(`Invalid hostInfo: ${plainText(hostInfo)}`);
    return null;
  }),
  getLastHostUpdate: read(
    'RootExports.getLastHostUpdate(hostID, ts=False)',
    ({ hostID = null, ts }, { hub }) => {
      const id = scalarFilter({ name: 'host.id', type: 'integer', line: 5, lazy: false }, hostID);
      const host = hub.hosts.find((one) => one.id === id);
      if (host === undefined) return null;
      const stamp = lastUpdate(hub, host);
      return flag(ts) ? new Float(stamp) : timeText(stamp);
    },
  ),
  listChannels: read(
    'list_channels(hostID=None, event=None, enabled=None)',
    ({ hostID = null, enabled = null }) => {
      if (enabled === false) return [];
      return hostID === null ? channels : channels.slice(0, 2);
    },
  ),
  getChannel: read('get_channel(channelInfo, strict=False)', ({ channelInfo = null, strict }) => {
    const channel = servedChannel(channelInfo);
    if (channel === undefined && flag(strict)) throw generic('query returned no rows');
    return channel ?? null;
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
      const rows = applyClauses(logRows(hub), clauses, new Set(LOG_FIELDS));
      return page(pickFields(rows, fields, LOG_FIELDS, new Set(LOG_FIELDS)), opts, { lazy: false });
    },
  ),
  'scheduler.getHostData': read('get_host_data(hostID=None)', ({ hostID = null }, { hub }) =>
    hub.hosts
      .filter(({ id }) => hostID === null || id === hostID)
      .map((host) => ({
        data: { load: new Float(0.1), maxjobs: 25, methods: METHODS },
        host_id: host.id,
      })),
  ),
  'host.getTasks': read('HostExports.getTasks()', (_args, { caller }) => mustBeHost(caller.session?.user)),
  'host.getID': read('HostExports.getID(strict=True)', (_args, { caller }) => mustBeHost(mustBeUser(caller))),
};
