import { Fault } from '../../src/core/fault.ts';
import type { Due, DueState, Dues, NewDue, Pause, SkipReason } from '../../src/core/schedule.ts';

/** The schedule in memory, with what a process that was killed leaves behind. */
export interface FakeDues extends Dues {
  readonly rows: readonly Due[];
  /** What `store.begin` does with a row. */
  start(due_id: number, run_id: string): void;
  /** Every call fails with it, until it is undefined again. */
  failure: Error | undefined;
  /** Runs that began a step, for limits by the day. */
  readonly begun: { readonly scope: string; readonly uses: string; readonly at: number }[];
}

export function fakeDues(): FakeDues {
  let rows: Due[] = [];
  let pauses: Pause[] = [];
  let count = 0;

  function add(
    due: NewDue,
    state: DueState,
    reason: SkipReason | null,
    note: string | null,
    at: number | null,
  ) {
    const isThere = rows.some(
      ({ scope, probe, due_at }) => scope === due.scope && probe === due.probe && due_at === due.due_at,
    );
    if (isThere) return undefined;
    count += 1;
    const row = {
      of: null,
      by: null,
      ...due,
      due_id: count,
      state,
      reason,
      note,
      run_id: null,
      decided_at: at,
    };
    rows.push(row);
    return row;
  }

  function change(due_id: number, values: Partial<Due>): boolean {
    const row = rows.find((each) => each.due_id === due_id && each.state === 'waiting');
    if (row !== undefined) rows = rows.map((each) => (each === row ? { ...row, ...values } : each));
    return row !== undefined;
  }

  const fake: FakeDues = {
    failure: undefined,
    begun: [],
    get rows() {
      return rows;
    },
    start(due_id, run_id) {
      if (change(due_id, { state: 'started', run_id })) return;
      throw new Fault(`due time ${due_id} waits no more`, { code: 'DUE_DECIDED', kind: 'prober' });
    },
    async ofRun(run_id) {
      return rows.find((each) => each.run_id === run_id);
    },
    async claim(dues) {
      check();
      return dues.map((due) => add(due, 'waiting', null, null, null)).filter((row) => row !== undefined);
    },
    async addSkipped(dues, reason, note, at) {
      check();
      for (const due of dues) add(due, 'skipped', reason, note, at);
    },
    async waiting() {
      check();
      return rows.filter(({ state }) => state === 'waiting').sort((one, other) => one.due_at - other.due_at);
    },
    async skip(due_id, reason, note, at) {
      check();
      change(due_id, { state: 'skipped', reason, note, decided_at: at });
    },
    async lastScheduled(scope, probe) {
      check();
      return rows
        .filter((row) => row.scope === scope && row.probe === probe && row.cause === 'schedule')
        .sort((one, other) => other.due_at - one.due_at)[0];
    },
    async find(due_id) {
      check();
      return rows.find((row) => row.due_id === due_id);
    },
    async list({ limit }) {
      return rows.toReversed().slice(0, limit);
    },
    async startedWith(scope, uses, since) {
      return fake.begun.filter((step) => step.scope === scope && step.uses === uses && step.at >= since)
        .length;
    },
    async pause(pause) {
      const row = { ...pause, pause_id: pauses.length + 1, ended_at: null, ended_by: null };
      pauses.push(row);
      return row;
    },
    async endPause(pause_id, by, at) {
      pauses = pauses.map((pause) =>
        pause.pause_id === pause_id ? { ...pause, ended_at: at, ended_by: by } : pause,
      );
      return pauses.find((pause) => pause.pause_id === pause_id);
    },
    async pauses() {
      check();
      return pauses.filter(({ ended_at }) => ended_at === null);
    },
  };

  function check(): void {
    if (fake.failure !== undefined) throw fake.failure;
  }
  return fake;
}
