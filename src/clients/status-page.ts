import { z } from 'zod';
import type { Reading, Told } from '../core/calendar.ts';
import type { System } from '../core/system.ts';
import { utcMs } from './timestamps.ts';

/** Where the page tells of outages; people move them from one to the next by hand, and late. The last that tells of one knows most. */
export const STATUS_FILES = ['planned.json', 'ongoing.json', 'resolved.json'] as const;

const outages = z.object({ outages: z.array(z.unknown()) });

const outage = z.object({
  title: z.string(),
  // Offsets are written without a colon, which not everything takes that reads dates.
  startdate: z.string(),
  enddate: z.string().nullish(),
  ticket: z.object({ id: z.union([z.string(), z.number()]).nullish(), url: z.string().nullish() }).nullish(),
});

/** Words of titles; the page has no field for what is affected. */
const WORDS: Readonly<Partial<Record<System, RegExp>>> = {
  fas: /\b(fas|noggin|ipsilon|ipa|accounts?|kerberos|authentication)\b/i,
  'dist-git': /\b(dist-?git|src\.fedoraproject|pkgs)\b/i,
  lookaside: /\blook-?aside\b/i,
  forge: /\b(pagure|forgejo|forge|src\.fedoraproject|gitlab)\b/i,
  koji: /\b(koji|kojipkgs)\b/i,
  signing: /\b(sign(ing)?|robosignatory|sigul|autopen)\b/i,
  bodhi: /\bbodhi\b/i,
  ci: /\b(ci|testing farm|zuul|jenkins)\b/i,
  resultsdb: /\bresultsdb\b/i,
  greenwave: /\bgreenwave\b/i,
  waiverdb: /\bwaiverdb\b/i,
  messaging: /\b(messaging|message bus|rabbitmq)\b/i,
  datagrepper: /\b(datagrepper|datanommer)\b/i,
  koschei: /\bkoschei\b/i,
};

/** Reads one file of the status page. Throws an Error where it is no such file at all; an entry that is wrong hurts no other. */
export function readStatusPage(body: string): Reading {
  const told: Told[] = [];
  const dropped: { what: string; why: string }[] = [];
  for (const [index, entry] of parse(body).entries()) {
    const read = outage.safeParse(entry);
    if (!read.success) {
      const { path = [], message } = read.error.issues[0] ?? {};
      dropped.push({ what: titleOf(entry) ?? `entry ${index + 1}`, why: `${path.join('.')}: ${message}` });
      continue;
    }
    const { title, startdate, enddate, ticket } = read.data;
    const from = utcMs(startdate);
    const to = enddate === null || enddate === undefined ? undefined : utcMs(enddate);
    if (from === undefined || (to === undefined && typeof enddate === 'string')) {
      const wrong = from === undefined ? `startdate: ${startdate}` : `enddate: ${enddate}`;
      dropped.push({ what: title, why: `${wrong} is no date` });
      continue;
    }
    told.push({
      id: `${ticket?.id ?? title} ${startdate}`,
      from,
      to,
      note: title,
      link: linkOf(ticket),
      systems: systemsIn(title),
    });
  }
  return { told, dropped };
}

function parse(body: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new Error('it is no JSON', { cause });
  }
  const read = outages.safeParse(value);
  if (!read.success) throw new Error('it has no list `outages`', { cause: read.error });
  return read.data.outages;
}

/** Where the author wrote a whole address for the number, the page glues its own before it. */
function linkOf(ticket: z.output<typeof outage>['ticket']): string | null {
  const own = typeof ticket?.id === 'string' && /^https?:\/\//.test(ticket.id) ? ticket.id : ticket?.url;
  return own !== null && own !== undefined && /^https?:\/\/[^\s@]+$/.test(own) ? own : null;
}

function systemsIn(title: string): readonly System[] {
  return Object.entries(WORDS)
    .filter(([, words]) => words.test(title))
    .map(([system]) => system as System);
}

function titleOf(entry: unknown): string | undefined {
  const read = z.object({ title: z.string() }).safeParse(entry);
  return read.success ? read.data.title : undefined;
}
