import { asctime } from '../common/local-time.ts';
import { type Command, connect, parseArgs, usageError } from './context.ts';
import { kwargs } from './hub.ts';

/** A build in a tag, from its tagging to its untagging. */
interface Tagging {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly build_id: number;
  readonly tag_id: number;
  readonly 'tag.name': string;
  readonly active: boolean | null;
  readonly create_event: number;
  readonly create_ts: number;
  readonly creator_name: string;
  readonly revoke_event: number | null;
  readonly revoke_ts: number | null;
  readonly revoker_name: string | null;
}

/** One end of a tagging; an untagging and a tagging of one event are one change. */
interface Change {
  readonly event: number;
  readonly ended?: Tagging;
  begun?: Tagging;
}

/** `koji list-history`, as far as it speaks of tags. */
export const listHistory: Command = async (context) => {
  const { run, hub } = context;
  const { options, args } = parseArgs(context, {
    build: { names: ['--build'], takes: 'value' },
    tag: { names: ['--tag'], takes: 'value' },
    package: { names: ['--package'], takes: 'value' },
  });
  if (args.length > 0) throw usageError(context, 'This command takes no arguments');
  const wanted = Object.entries(options).filter(([, value]) => value !== undefined);
  if (wanted.length === 0) {
    throw usageError(context, 'Please specify an option to limit the query');
  }
  await connect(context);
  const query = kwargs({ tables: null, ...Object.fromEntries(wanted) });
  const { tag_listing: rows = [] } = (await hub.call('queryHistory', query)) as {
    readonly tag_listing?: readonly Tagging[];
  };
  for (const change of changesOf(rows)) run.print(lineOf(change));
  return 0;
};

function changesOf(rows: readonly Tagging[]): readonly Change[] {
  const changes: Change[] = rows
    .filter((row) => row.revoke_event !== null)
    .map((row) => ({ event: row.revoke_event ?? 0, ended: row }));
  for (const row of rows) {
    const same = changes.find(
      ({ event, ended }) =>
        event === row.create_event && ended?.build_id === row.build_id && ended.tag_id === row.tag_id,
    );
    if (same === undefined) changes.push({ event: row.create_event, begun: row });
    else same.begun = row;
  }
  const rank = ({ ended }: Change) => (ended === undefined ? 1 : 0);
  return changes.sort((a, b) => a.event - b.event || rank(a) - rank(b));
}

function lineOf({ ended, begun }: Change): string {
  const row = (ended ?? begun) as Tagging;
  const did = ended === undefined ? 'tagged into' : begun === undefined ? 'untagged from' : 're-tagged into';
  const time = ended === undefined ? row.create_ts : (row.revoke_ts ?? 0);
  // Of two at once the one that begins says who.
  const who = begun?.creator_name ?? ended?.revoker_name;
  const active = begun?.active === true ? ' [still active]' : '';
  return `${asctime(time)} ${row.name}-${row.version}-${row.release} ${did} ${row['tag.name']} by ${who}${active}`;
}
