import { generic } from '../faults.ts';
import { addHost, addUser } from '../furnish.ts';
import { type Channel, findUser, type Host, type Hub, mustFindUser, newEvent } from '../hub.ts';
import { type Methods, write } from '../method.ts';
import { flag, mustHavePerm } from '../sessions.ts';
import { Float, isList, plainText, type Value } from '../value.ts';
import { findChannel, findHost } from './host-methods.ts';

function mustFindHost(hub: Hub, info: Value): Host {
  const host = findHost(hub, info);
  if (host === undefined) throw generic(`host does not exist: ${plainText(info)}`);
  return host;
}

function mustFindChannel(hub: Hub, info: Value): Channel {
  const channel = findChannel(hub, info);
  if (channel === undefined) throw generic(`channel does not exist: ${plainText(info)}`);
  return channel;
}

function newChannel(hub: Hub, name: string, description: string | null): Channel {
  const channel = { id: hub.channels.length + 1, name, description };
  hub.channels.push(channel);
  return channel;
}

function words(value: Value): readonly string[] {
  const text = isList(value) ? value.map(plainText).join(' ') : plainText(value);
  return text.split(/\s+/).filter((word) => word !== '');
}

function textOrNil(value: Value): string | null {
  return value === null ? null : plainText(value);
}

function numberOf(value: Value | undefined): number | undefined {
  if (value instanceof Float) return value.value;
  return typeof value === 'number' ? value : undefined;
}

/** Accounts, builders and channels, as those who run a hub make them. */
export const staffMethods: Methods = {
  createUser: write(
    'RootExports.createUser(username, status=None, krb_principal=None)',
    ({ username = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      if (findUser(hub, username) !== undefined) throw generic(`user already exists: ${plainText(username)}`);
      return addUser(hub, plainText(username), undefined, []).id;
    },
  ),
  enableUser: write('RootExports.enableUser(username)', ({ username = null }, { hub, caller }) => {
    const user = mustFindUser(hub, username);
    mustHavePerm(caller, 'admin');
    user.status = 0;
    return null;
  }),
  disableUser: write('RootExports.disableUser(username)', ({ username = null }, { hub, caller }) => {
    const user = mustFindUser(hub, username);
    mustHavePerm(caller, 'admin');
    user.status = 1;
    return null;
  }),
  addHost: write(
    'RootExports.addHost(hostname, arches, krb_principal=None, force=False)',
    ({ hostname = null, arches = null }, { hub, caller }) => {
      mustHavePerm(caller, 'host');
      const name = plainText(hostname);
      if (findHost(hub, name) !== undefined) throw generic(`host already exists: ${name}`);
      const host = { name, arches: words(arches), capacity: 2, channels: [1], reports: false };
      return addHost(hub, host).id;
    },
  ),
  editHost: write('edit_host(hostInfo, **kw)', (args, { hub, caller }) => {
    mustHavePerm(caller, 'host');
    const { hostInfo = null, arches, description, comment } = args;
    const host = findHost(hub, hostInfo);
    if (host === undefined) throw generic(`Invalid hostInfo: ${plainText(hostInfo)}`);
    const capacity = numberOf(args['capacity']);
    const before = JSON.stringify([host.arches, host.capacity, host.description, host.comment]);
    if (arches !== undefined) host.arches = words(arches);
    if (capacity !== undefined) host.capacity = capacity;
    if (description !== undefined) host.description = textOrNil(description);
    if (comment !== undefined) host.comment = textOrNil(comment);
    newEvent(hub);
    return JSON.stringify([host.arches, host.capacity, host.description, host.comment]) !== before;
  }),
  enableHost: write('RootExports.enableHost(hostname)', ({ hostname = null }, { hub, caller }) => {
    mustHavePerm(caller, 'host');
    mustFindHost(hub, hostname).enabled = true;
    return null;
  }),
  disableHost: write('RootExports.disableHost(hostname)', ({ hostname = null }, { hub, caller }) => {
    mustHavePerm(caller, 'host');
    mustFindHost(hub, hostname).enabled = false;
    return null;
  }),
  addHostToChannel: write(
    'add_host_to_channel(hostname, channel_name, create=False, force=False)',
    ({ hostname = null, channel_name = null, create }, { hub, caller }) => {
      mustHavePerm(caller, 'host');
      const host = mustFindHost(hub, hostname);
      const channel = flag(create)
        ? (findChannel(hub, channel_name) ?? newChannel(hub, plainText(channel_name), null))
        : mustFindChannel(hub, channel_name);
      if (host.channels.has(channel.id)) {
        throw generic(`host ${host.name} is already subscribed to the ${channel.name} channel`);
      }
      host.channels.add(channel.id);
      newEvent(hub);
      return null;
    },
  ),
  removeHostFromChannel: write(
    'remove_host_from_channel(hostname, channel_name)',
    ({ hostname = null, channel_name = null }, { hub, caller }) => {
      mustHavePerm(caller, 'host');
      const host = mustFindHost(hub, hostname);
      const channel = mustFindChannel(hub, channel_name);
      if (!host.channels.delete(channel.id)) {
        throw generic(`host ${host.name} is not subscribed to the ${channel.name} channel`);
      }
      newEvent(hub);
      return null;
    },
  ),
  addChannel: write(
    'add_channel(channel_name, description=None)',
    ({ channel_name = null, description = null }, { hub, caller }) => {
      mustHavePerm(caller, 'admin');
      const known = findChannel(hub, channel_name);
      if (known !== undefined) throw generic(`channel ${known.name} already exists (id=${known.id})`);
      return newChannel(hub, plainText(channel_name), textOrNil(description)).id;
    },
  ),
};
