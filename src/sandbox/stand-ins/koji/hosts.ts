import { longTime } from '../common/local-time.ts';
import { type Command, connect, parseArgs, usageError } from './context.ts';
import { kwargs } from './hub.ts';

interface Host {
  readonly name: string;
  readonly enabled: boolean;
  readonly ready: boolean;
  readonly task_load: number;
  readonly capacity: number;
  readonly arches: string;
  readonly update_ts: number | null;
}

/** `koji list-hosts`. */
export const listHosts: Command = async (context) => {
  const { run, hub, globals } = context;
  const { options } = parseArgs(context, {
    arches: { names: ['--arch'], takes: 'list' },
    channel: { names: ['--channel'], takes: 'value' },
    ready: { names: ['--ready'] },
    not_ready: { names: ['--not-ready'] },
    enabled: { names: ['--enabled'] },
    not_enabled: { names: ['--not-enabled', '--disabled'] },
    quiet: { names: ['--quiet'] },
  });
  await connect(context);
  const wanted: Record<string, unknown> = {};
  if (options.arches.length > 0) wanted['arches'] = options.arches;
  if (options.channel !== undefined) {
    const channel = (await hub.call('getChannel', options.channel)) as { readonly id: number } | null;
    if (channel === null) throw usageError(context, `No such channel: ${options.channel}`);
    wanted['channelID'] = channel.id;
  }
  if (options.ready === true || options.not_ready === true) wanted['ready'] = options.ready === true;
  if (options.enabled === true || options.not_enabled === true) wanted['enabled'] = options.enabled === true;
  const hosts = (await hub.call('listHosts', kwargs(wanted))) as readonly Host[];
  if (hosts.length === 0) {
    run.warn('No hosts found.');
    return 0;
  }
  const width = Math.max(...hosts.map(({ name }) => name.length), 'Hostname'.length);
  const row = (name: string, ...cells: readonly string[]) => [name.padEnd(width), ...cells].join(' ');
  if (options.quiet !== true && !globals.quiet) {
    const head = row('Hostname', 'Enb', 'Rdy', 'Load/Cap ', 'Arches'.padEnd(16), 'Last Update'.padEnd(36));
    run.print(head);
    run.print('-'.repeat(head.length));
  }
  for (const host of [...hosts].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const flag = (on: boolean) => (on ? 'Y' : 'N').padEnd(3);
    const load = `${host.task_load.toFixed(1).padStart(4)}/${host.capacity.toFixed(1).padEnd(4)}`;
    const arches = host.arches.split(/\s+/).join(',').padEnd(16);
    const seen = host.update_ts === null ? '-' : longTime(host.update_ts);
    run.print(row(host.name, flag(host.enabled), flag(host.ready), load, arches, seen.padEnd(35)));
  }
  return 0;
};
