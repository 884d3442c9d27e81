/** Actions by the time at which they are due; those of one time in the order in which they were added. */
export interface DueQueue {
  add(time: number, act: () => void): void;
  /** When the first is due. */
  next(): number | undefined;
  /** Takes out the first that is due at a time. */
  take(time: number): (() => void) | undefined;
  clear(): void;
}

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly act: () => void;
}

/** A binary heap: a busy distribution has thousands of waits at once. */
export function dueQueue(): DueQueue {
  let heap: Entry[] = [];
  let added = 0;
  const before = (a: Entry, b: Entry) => a.time < b.time || (a.time === b.time && a.order < b.order);

  function sink(entry: Entry): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      const least = right !== undefined && before(right, left) ? right : left;
      if (least === right) child += 1;
      if (!before(least, entry)) break;
      heap[place] = least;
      place = child;
    }
    heap[place] = entry;
  }

  return {
    add(time, act) {
      const entry = { time, order: added++, act };
      let place = heap.push(entry) - 1;
      while (place > 0) {
        const parent = (place - 1) >> 1;
        const above = heap[parent];
        if (above === undefined || before(above, entry)) break;
        heap[place] = above;
        place = parent;
      }
      heap[place] = entry;
    },
    next: () => heap[0]?.time,
    take(time) {
      const [first] = heap;
      if (first === undefined || first.time > time) return undefined;
      const last = heap.pop();
      if (last !== undefined && last !== first) sink(last);
      return first.act;
    },
    clear() {
      heap = [];
    },
  };
}
