/**
 * The rows that a database sorts for a query with a limit. PostgreSQL keeps a heap of `bound` rows once it has seen more than twice as many, and rows of
 * the same key then come out in the heap's order, which changes with the limit; else they stay as they were stored.
 */
export function sortBounded<Row>(
  rows: readonly Row[],
  bound: number,
  compare: (a: Row, b: Row) => number,
): readonly Row[] {
  if (bound <= 0 || rows.length <= bound * 2) return rows.toSorted(compare);
  const heap: Row[] = [];
  const worse = (a: Row, b: Row) => compare(b, a);

  function insert(row: Row): void {
    let at = heap.push(row) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Row;
      if (worse(row, above) >= 0) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = row;
  }

  function replaceTop(row: Row, count: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && worse(heap[child] as Row, heap[child + 1] as Row) > 0) child++;
      if (worse(row, heap[child] as Row) <= 0) break;
      heap[at] = heap[child] as Row;
      at = child;
    }
    heap[at] = row;
  }

  for (const row of rows) {
    if (heap.length < bound) insert(row);
    else if (worse(row, heap[0] as Row) > 0) replaceTop(row, heap.length);
  }
  for (let count = heap.length - 1; count > 0; count--) {
    const top = heap[0] as Row;
    replaceTop(heap[count] as Row, count);
    heap[count] = top;
  }
  return heap;
}
