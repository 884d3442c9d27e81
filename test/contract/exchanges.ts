import { readdirSync, readFileSync } from 'node:fs';
import { isReplayed } from './not-replayed.ts';

const FOLDER = new URL('../fixtures/recorded/', import.meta.url);

/** Files of the first workflow by system; a name that ends with a dash stands for all that begin so. */
const FIRST_WORKFLOW: Readonly<
  Record<string, readonly string[] | 'all' | { readonly but: readonly string[] }>
> = {
  koji: { but: ['sidetags', 'world-setup'] },
  bodhi: [
    'updates-create',
    'lifecycle-composed',
    'query-filters',
    'releases',
    'small-endpoints',
    'other-services-down',
    'client-',
  ],
  resultsdb: 'all',
  waiverdb: ['reading', 'create-and-read', 'refusals'],
  greenwave: [
    'life-cycle',
    'request-errors',
    'subject-lists',
    'scenarios',
    'when',
    'upstream-down',
    'cache',
    'critpath-update',
  ],
  datagrepper: 'all',
  clients: 'all',
};

export interface FileCount {
  /** Below the recordings: `koji/session.jsonl`. */
  readonly file: string;
  readonly exchanges: number;
  /** Those of them that stand in the list of what is not played. */
  readonly notReplayed: number;
}

function isWanted(system: string, name: string): boolean {
  const wanted = FIRST_WORKFLOW[system];
  if (wanted === undefined || wanted === 'all') return wanted === 'all';
  if ('but' in wanted) return !wanted.but.includes(name);
  return wanted.some((one) => (one.endsWith('-') ? name.startsWith(one) : name === one));
}

/** Lines of a recording that hold a request, counted from 1; one recorded command of a client is one exchange. */
export function requestLines(file: string): readonly number[] {
  if (file.endsWith('.json')) return [1];
  const lines = readFileSync(new URL(file, FOLDER), 'utf8').trim().split('\n');
  return lines.flatMap((line, index) => ('request' in (JSON.parse(line) as object) ? [index + 1] : []));
}

/** All exchanges of the first workflow by file, and how many of them no test plays. */
export function countExchanges(): readonly FileCount[] {
  return Object.keys(FIRST_WORKFLOW).flatMap((system) =>
    readdirSync(new URL(`${system}/`, FOLDER))
      .filter((name) => /\.jsonl?$/.test(name) && isWanted(system, name.replace(/\.jsonl?$/, '')))
      .toSorted()
      .map((name) => {
        const file = `${system}/${name}`;
        const lines = requestLines(file);
        return {
          file,
          exchanges: lines.length,
          notReplayed: lines.filter((line) => !isReplayed(file, line)).length,
        };
      }),
  );
}
