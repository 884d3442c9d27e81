import { randomUUID } from 'node:crypto';
import { discard, indexedByAll, nextId } from '../kit/rows.ts';
import type { Micros } from './python.ts';

export interface TestcaseRow {
  readonly name: string;
  refUrl: string | null;
}

export interface GroupRow {
  readonly uuid: string;
  description: string | null;
  refUrl: string | null;
}

export interface ResultRow {
  readonly id: number;
  readonly testcase: TestcaseRow;
  readonly outcome: string;
  readonly groups: readonly GroupRow[];
  readonly refUrl: string | null;
  readonly note: string | null;
  readonly submitTime: Micros;
  /** Keys may repeat; in the order in which they were given. */
  readonly data: readonly (readonly [string, string])[];
}

export interface Since {
  readonly start?: Micros | undefined;
  readonly end?: Micros | undefined;
}

/** What a query of results asks for; an empty list is no filter. */
export interface Selection {
  readonly since: Since;
  readonly outcomes: readonly string[];
  readonly groups: readonly string[];
  readonly testcases: readonly string[];
  readonly testcasesLike: readonly string[];
  /** Parameters that the server does not know: filters on `data`, `key` or `key:like`. */
  readonly data: readonly (readonly [string, readonly string[]])[];
}

export type Order = 'newest' | 'oldest' | 'stored';

/** SQL's LIKE, with `*` for `%` as ResultsDB allows. */
export function like(pattern: string): (value: string) => boolean {
  const source = [...pattern.replaceAll('*', '%').replace(/%+/g, '%')]
    .map((char) => (char === '%' ? '.*' : char === '_' ? '.' : char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')))
    .join('');
  const regex = new RegExp(`^${source}$`, 's');
  return (value) => regex.test(value);
}

/** Keys of a result's data that say what it is about. */
const ITEMS: readonly string[] = ['item', 'original_spec_nvr'];

const byItem = indexedByAll((row: ResultRow) =>
  row.data.filter(([key]) => ITEMS.includes(key)).map(([key, value]) => `${key} ${value}`),
);

/** The tables of ResultsDB and its two ways of selecting. */
export class ResultsStore {
  readonly results: ResultRow[] = [];
  readonly testcases = new Map<string, TestcaseRow>();
  readonly groups = new Map<string, GroupRow>();

  testcase(name: string, refUrl?: string | null): TestcaseRow {
    const row = this.testcases.get(name) ?? { name, refUrl: null };
    if (refUrl !== undefined) row.refUrl = refUrl;
    this.testcases.set(name, row);
    return row;
  }

  group(given: {
    uuid?: string | undefined;
    description?: string | null | undefined;
    refUrl?: string | null | undefined;
  }): GroupRow {
    const uuid = given.uuid ?? randomUUID();
    const row = this.groups.get(uuid) ?? { uuid, description: null, refUrl: null };
    if (given.description !== undefined) row.description = given.description;
    if (given.refUrl !== undefined) row.refUrl = given.refUrl;
    this.groups.set(uuid, row);
    return row;
  }

  add(row: Omit<ResultRow, 'id'>): ResultRow {
    const stored = { ...row, id: nextId(this.results) };
    this.results.push(stored);
    return stored;
  }

  /** Throws away results that are gone, with the groups that were only theirs. */
  retire(isGone: (row: ResultRow) => boolean): void {
    const groups = new Set(this.results.filter(isGone).flatMap((row) => row.groups));
    discard(this.results, isGone);
    for (const row of this.results) for (const group of row.groups) groups.delete(group);
    for (const { uuid } of groups) this.groups.delete(uuid);
  }

  /** What is asked about one item need not look at all others. */
  #candidates({ data }: Selection): readonly ResultRow[] {
    const [key = '', values = []] = data.find(([name]) => ITEMS.includes(name)) ?? [];
    const [value, ...more] = values;
    return value === undefined || more.length > 0 ? this.results : byItem(this.results, `${key} ${value}`);
  }

  /**
   * One entry for each row of the SQL answer: a result with two matching values of one key comes twice, which counts for the
   * page although the answer names it once.
   */
  select(selection: Selection, order: Order): ResultRow[] {
    const filters = selection.data.map(([key, values]) => dataFilter(key, values));
    const likes = selection.testcasesLike.map(like);
    const named = new Set(selection.testcases);
    const rows: ResultRow[] = [];
    for (const row of this.#candidates(selection)) {
      const { start, end } = selection.since;
      if (start !== undefined && row.submitTime < start) continue;
      if (end !== undefined && row.submitTime > end) continue;
      if (selection.outcomes.length > 0 && !selection.outcomes.includes(row.outcome)) continue;
      if (selection.groups.length > 0 && !row.groups.some((group) => selection.groups.includes(group.uuid)))
        continue;
      if (named.size + likes.length > 0) {
        const { name } = row.testcase;
        if (!named.has(name) && !likes.some((matches) => matches(name))) continue;
      }
      const times = filters.reduce((product, count) => product * count(row), 1);
      for (let i = 0; i < times; i++) rows.push(row);
    }
    if (order === 'newest') rows.sort((a, b) => b.submitTime - a.submitTime || a.id - b.id);
    if (order === 'oldest') rows.sort((a, b) => a.submitTime - b.submitTime || a.id - b.id);
    return rows;
  }

  /** The newest of each test case; of several with the same newest time, all. */
  latest(selection: Selection): ResultRow[] {
    const newest = new Map<string, Micros>();
    for (const row of this.select({ ...selection, testcases: [], testcasesLike: [] }, 'stored')) {
      const known = newest.get(row.testcase.name) ?? row.submitTime;
      newest.set(row.testcase.name, Math.max(known, row.submitTime));
    }
    const rows = this.select(selection, 'newest');
    return unique(rows.filter((row) => row.submitTime === newest.get(row.testcase.name)));
  }

  /** The newest of each test case and combination of the keys' values, where "absent" is a value of its own. */
  latestDistinct(selection: Selection, keys: readonly string[]): ResultRow[] {
    const chosen = new Map<string, { readonly sort: readonly (string | null)[]; readonly row: ResultRow }>();
    for (const row of this.select(selection, 'stored')) {
      for (const values of combinations(row, keys)) {
        const sort = [row.testcase.name, ...values];
        const id = JSON.stringify(sort);
        const known = chosen.get(id);
        if (known === undefined || row.submitTime > known.row.submitTime) chosen.set(id, { sort, row });
      }
    }
    const inOrder = [...chosen.values()].sort((a, b) => compareValues(a.sort, b.sort));
    return unique(inOrder.map(({ row }) => row)).sort((a, b) => b.submitTime - a.submitTime);
  }
}

export function unique(rows: readonly ResultRow[]): ResultRow[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

/** How many rows of a result's data fit. A key with one colon has a modifier, of which only `like` means something. */
function dataFilter(parameter: string, values: readonly string[]): (row: ResultRow) => number {
  const parts = parameter.split(':');
  const [key = '', modifier] = parts.length === 2 ? parts : [parameter];
  const tests = modifier === 'like' ? values.map(like) : undefined;
  const fits = (value: string) =>
    tests === undefined ? values.includes(value) : tests.some((matches) => matches(value));
  return (row) => row.data.filter(([name, value]) => name === key && fits(value)).length;
}

function combinations(row: ResultRow, keys: readonly string[]): readonly (readonly (string | null)[])[] {
  let sets: readonly (readonly (string | null)[])[] = [[]];
  for (const key of keys) {
    const values: (string | null)[] = row.data.filter(([name]) => name === key).map(([, value]) => value);
    const choices = values.length === 0 ? [null] : values;
    sets = sets.flatMap((set) => choices.map((choice) => [...set, choice]));
  }
  return sets;
}

/** PostgreSQL's ascending order: nothing comes last. */
function compareValues(a: readonly (string | null)[], b: readonly (string | null)[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i] ?? null;
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    return left < right ? -1 : 1;
  }
  return 0;
}
