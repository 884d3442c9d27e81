import { wrapText } from '../common/python.ts';
import type { BodhiClient } from './client.ts';
import { Crash } from './errors.ts';

export interface Release {
  readonly name: string;
  readonly long_name: string;
  readonly state: string;
  readonly [key: string]: unknown;
}

/** An update as far as the client shows or copies it. */
export interface Update {
  readonly alias: string;
  readonly title: string;
  readonly content_type: string;
  readonly release: Release;
  readonly status: string;
  readonly type: string;
  readonly severity: string;
  readonly karma: number | null;
  readonly autokarma: boolean;
  readonly autotime: boolean;
  readonly stable_karma: number | null;
  readonly unstable_karma: number | null;
  readonly request: string | null;
  readonly bugs: readonly { readonly bug_id: number; readonly title: string | null }[];
  readonly notes: string | null;
  readonly user: { readonly name: string };
  readonly date_submitted: string;
  readonly date_pushed: string | null;
  readonly comments?: readonly {
    readonly user: { readonly name: string };
    readonly timestamp: string;
    readonly karma: number;
    readonly text: string | null;
  }[];
  readonly builds: readonly { readonly nvr: string }[];
  readonly from_tag?: string | null;
  readonly [key: string]: unknown;
}

interface Decision {
  readonly summary: string;
  readonly waivers?: readonly {
    readonly username: string;
    readonly timestamp: string;
    readonly comment: string;
    readonly testcase: string;
    readonly subject_identifier: string;
  }[];
}

/** Width of a box, of its label column, and of notes and comments inside. */
const WIDTH = 80;
const LABEL = 12;
const TEXT_WIDTH = 66;

/** The full box of an update; asks anonymously for its test results, whose failure is hidden. */
export async function updateBox(client: BodhiClient, update: Update): Promise<string> {
  const rule = '='.repeat(WIDTH);
  const lines = [rule, ...wrapText(update.title.replaceAll(',', ' '), WIDTH, ' '.repeat(5)), rule];
  const field = (label: string, value: readonly string[], gap = ' '.repeat(LABEL + 2)) => {
    const [first = '', ...rest] = value;
    lines.push(`${label.padStart(LABEL)}: ${first}`, ...rest.map((line) => `${gap}${line}`));
  };
  const colon = `${' '.repeat(LABEL)}: `;
  const truth = (value: unknown) => (value === true ? 'True' : value === false ? 'False' : 'None');

  field('Update ID', [update.alias]);
  field('Content Type', [update.content_type]);
  field('Release', [update.release.long_name]);
  field('Status', [update.status]);
  field('Type', [update.type]);
  field('Severity', [update.severity]);
  field('Karma', [String(update.karma ?? 'None')]);
  field('Autokarma', [
    `${truth(update.autokarma)}  [${update.unstable_karma ?? 'None'}, ${update.stable_karma ?? 'None'}]`,
  ]);
  field('Autotime', [truth(update.autotime)]);

  const decisions = await testResults(client, update.alias);
  if (decisions.length > 0)
    field(
      'CI Status',
      decisions.map(({ summary }) => summary),
    );
  const waivers = decisions.flatMap((decision) => decision.waivers ?? []);
  if (waivers.length > 0) {
    field(
      'Waivers',
      waivers.flatMap((waiver) => [
        `${waiver.username} - ${waiverTime(waiver.timestamp)}`,
        ...waiver.comment.split('\n'),
        `build: ${waiver.subject_identifier}`,
        `testcase: ${waiver.testcase}`,
      ]),
    );
  }
  if (update.request !== null && update.request !== undefined) field('Request', [update.request]);
  if (update.bugs.length > 0) {
    field(
      'Bugs',
      update.bugs.map(({ bug_id, title }) => `${bug_id} - ${title ?? 'None'}`),
      colon,
    );
  }
  const notes = wrapLines(update.notes ?? '');
  if (notes.length > 0) field('Notes', notes, colon);
  field('Submitter', [update.user.name]);
  field('Submitted', [update.date_submitted]);
  const comments = (update.comments ?? []).flatMap((comment) => [
    `${comment.user.name} - ${comment.timestamp} (karma ${comment.karma})`,
    // Unlike notes, a comment is one paragraph, whatever its lines were.
    ...wrapText((comment.text ?? '').replace(/\s/g, ' '), TEXT_WIDTH),
  ]);
  if (comments.length > 0) field('Comments', comments);
  lines.push('', `  ${client.endpoints.url}updates/${update.alias}`, '');
  return lines.join('\n');
}

async function testResults(client: BodhiClient, alias: string): Promise<readonly Decision[]> {
  try {
    const { decisions } = (await client.get(`updates/${alias}/get-test-results`)) as {
      readonly decisions?: readonly Decision[];
    };
    return decisions ?? [];
  } catch {
    return [];
  }
}

/** The real one demands a fraction of a second, and dies where WaiverDB had none to give. */
function waiverTime(timestamp: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d+$/.exec(timestamp);
  if (parts === null) {
    throw new Crash(`ValueError: time data '${timestamp}' does not match format '%Y-%m-%dT%H:%M:%S.%f'`);
  }
  return `${parts[1]} ${parts[2]}`;
}

/** Each line wrapped by itself; empty ones vanish. */
function wrapLines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => wrapText(line, TEXT_WIDTH));
}

/** One of several updates: a line for its first build, one for each further. */
export function updateLine(update: Update, now: number): string {
  const mark = update.type === 'security' ? '*' : ' ';
  const date = (update.date_pushed ?? update.date_submitted).slice(0, 10);
  const days = Math.floor((now - Date.parse(`${date}T00:00:00Z`)) / 86_400_000);
  const [first = '', ...more] = update.title.split(/[ ,]+/);
  const head = `${mark}${first.padEnd(40)} ${update.content_type.padEnd(9)}  ${update.status.padEnd(8)}  ${date} (${days})`;
  return [head, ...more.map((nvr) => `  ${nvr}`)].join('\n');
}

const RELEASE_FIELDS = [
  ['Name', 'name'],
  ['Long Name', 'long_name'],
  ['Version', 'version'],
  ['Branch', 'branch'],
  ['ID Prefix', 'id_prefix'],
  ['Dist Tag', 'dist_tag'],
  ['Stable Tag', 'stable_tag'],
  ['Testing Tag', 'testing_tag'],
  ['Candidate Tag', 'candidate_tag'],
  ['Pending Signing Tag', 'pending_signing_tag'],
  ['Pending Testing Tag', 'pending_testing_tag'],
  ['Pending Stable Tag', 'pending_stable_tag'],
  ['Override Tag', 'override_tag'],
  ['State', 'state'],
  ['Beta Status', 'setting_status'],
  ['Email Template', 'mail_template'],
  ['Composed by Bodhi', 'composed_by_bodhi'],
  ['Create Automatic Updates', 'create_automatic_updates'],
  ['Package Manager', 'package_manager'],
  ['Testing Repository', 'testing_repository'],
  ['Released On', 'released_on'],
  ['End of Life', 'eol'],
] as const;

export function releaseBox(release: Release): string {
  const show = (value: unknown) => {
    if (value === null || value === undefined) return 'None';
    return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
  };
  return [
    'Release:',
    ...RELEASE_FIELDS.map(([label, key]) => `  ${`${label}:`.padEnd(26)}${show(release[key])}`),
  ].join('\n');
}
