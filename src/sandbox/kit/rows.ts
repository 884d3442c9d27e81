/** The number of the next row of a table whose oldest rows may have been thrown away; the newest always stays. */
export function nextId(rows: readonly { readonly id: number }[]): number {
  return (rows.at(-1)?.id ?? 0) + 1;
}

/** The row of a number, in a table whose rows stand in the order of their numbers. */
export function byId<Row extends { readonly id: number }>(rows: readonly Row[], id: number): Row | undefined {
  const whole = rows[id - 1];
  if (whole?.id === id) return whole;
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((rows[middle]?.id ?? 0) < id) from = middle + 1;
    else to = middle;
  }
  const row = rows[from];
  return row?.id === id ? row : undefined;
}

interface Known<Row, Key> {
  read: number;
  last: Row | undefined;
  readonly byKey: Map<Key, Row[]>;
}

/**
 * Finds the rows of a growing table by something that never changes about a row, in their order, as an index of a database does. It keeps up by
 * itself with what is added, and begins anew when rows are thrown away.
 */
export function indexed<Row extends object, Key>(
  keyOf: (row: Row) => Key,
): (rows: readonly Row[], key: Key) => readonly Row[] {
  return indexedByAll((row) => [keyOf(row)]);
}

/** As `indexed`, by several things at once; a row with one of them twice is found once. */
export function indexedByAll<Row extends object, Key>(
  keysOf: (row: Row) => readonly Key[],
): (rows: readonly Row[], key: Key) => readonly Row[] {
  const tables = new WeakMap<readonly Row[], Known<Row, Key>>();
  const fresh = (): Known<Row, Key> => ({ read: 0, last: undefined, byKey: new Map() });
  return (rows, key) => {
    let known = tables.get(rows);
    if (known === undefined || (known.read > 0 && rows[known.read - 1] !== known.last)) {
      known = fresh();
      tables.set(rows, known);
    }
    for (; known.read < rows.length; known.read++) {
      const row = rows[known.read] as Row;
      for (const one of new Set(keysOf(row))) {
        const found = known.byKey.get(one);
        if (found === undefined) known.byKey.set(one, [row]);
        else found.push(row);
      }
      known.last = row;
    }
    return known.byKey.get(key) ?? [];
  };
}

/** Throws away rows in place, never the last: numbers count on from it. */
export function discard<Row>(rows: Row[], isGone: (row: Row) => boolean): void {
  const last = rows.length - 1;
  let kept = 0;
  rows.forEach((row, at) => {
    if (at === last || !isGone(row)) rows[kept++] = row;
  });
  rows.length = kept;
}
