import type { NewNotice, Notice, Outbox } from '../../src/core/notice.ts';

/** An outbox in memory: what `Outbox` promises, and a way to put something in and to let writes fail. */
export class FakeOutbox implements Outbox {
  /** Thrown by each write while it is set. */
  broken: Error | undefined;
  #rows: Notice[] = [];

  add(notice: NewNotice): Notice {
    const row: Notice = {
      ...notice,
      notice_id: this.#rows.length + 1,
      attempts: 0,
      delivered_at: null,
      gave_up_at: null,
      last_error: null,
    };
    this.#rows.push(row);
    return row;
  }

  get rows(): readonly Notice[] {
    return this.#rows;
  }

  async due(receiver: string, now: number, limit: number): Promise<readonly Notice[]> {
    return this.#heads(receiver)
      .filter(({ due_at }) => due_at <= now)
      .slice(0, limit);
  }

  async nextDue(receiver: string): Promise<number | undefined> {
    const times = this.#heads(receiver).map(({ due_at }) => due_at);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  async delivered(notice_id: number, at: number): Promise<void> {
    this.#change(notice_id, (row) => ({ attempts: row.attempts + 1, delivered_at: at, last_error: null }));
  }

  async failed(notice_id: number, error: string, at: number, due_at?: number): Promise<void> {
    this.#change(notice_id, (row) => ({
      attempts: row.attempts + 1,
      last_error: error,
      ...(due_at === undefined ? { gave_up_at: at } : { due_at }),
    }));
  }

  async backlog() {
    const receivers = [...new Set(this.#waiting().map(({ receiver }) => receiver))];
    return receivers.map((receiver) => {
      const own = this.#waiting().filter((row) => row.receiver === receiver);
      return { receiver, length: own.length, oldest: Math.min(...own.map(({ created_at }) => created_at)) };
    });
  }

  async list(filter: { readonly receiver?: string; readonly subject?: string; readonly limit: number }) {
    const { receiver, subject, limit } = filter;
    return this.#rows
      .filter((row) => receiver === undefined || row.receiver === receiver)
      .filter((row) => subject === undefined || row.subject === subject)
      .toReversed()
      .slice(0, limit);
  }

  #waiting(): readonly Notice[] {
    return this.#rows.filter(({ delivered_at, gave_up_at }) => delivered_at === null && gave_up_at === null);
  }

  /** Oldest first; of an incident the oldest alone. */
  #heads(receiver: string): readonly Notice[] {
    const seen = new Set<string>();
    return this.#waiting().filter((row) => {
      if (row.receiver !== receiver) return false;
      if (row.message.type !== 'incident') return true;
      const isFirst = !seen.has(row.subject);
      seen.add(row.subject);
      return isFirst;
    });
  }

  #change(notice_id: number, change: (row: Notice) => Partial<Notice>): void {
    if (this.broken !== undefined) throw this.broken;
    this.#rows = this.#rows.map((row) => (row.notice_id === notice_id ? { ...row, ...change(row) } : row));
  }
}
