/** Whether every run that another was to follow has got it, and once: what failed is confirmed, what errored is tried again. */
import type { Incident } from '../../../src/core/incident.ts';
import type { Complaints } from './audit.ts';
import type { Stage } from './stage.ts';

/** How long a kill may keep a finished run from being looked at: what was good meanwhile overtakes it. Real milliseconds. */
const OVERTAKEN_MS = 30_000;

/** What became of runs that did not pass. */
export interface FollowUps {
  readonly complaints: Complaints;
  /** Failed runs that another was asked for, and how many of those were started; the others have a reason in the schedule. */
  readonly doubted: number;
  readonly confirmed: number;
  /** Errored runs that another was asked for, and how many of those were started. */
  readonly errored: number;
  readonly retried: number;
  /** Failed runs that nobody had to confirm: their incident was open or opened by them, or newer good evidence was there. */
  readonly told: number;
  readonly overtaken: number;
}

interface Asked {
  readonly due_id: number;
  readonly due_at: number;
  readonly cause: string;
  readonly of: string;
  readonly probe: string;
  readonly state: string;
  readonly reason: string | null;
  readonly run_id: string | null;
}

interface Ended {
  readonly run_id: string;
  readonly probe: string;
  readonly outcome: string;
  readonly system: string | null;
  readonly ended_at: number;
  readonly retry_of: string | null;
  /** Of the due time that it is for. */
  readonly cause: string;
  readonly of: string | null;
}

/** Holds what was asked for against what incidents say of themselves, once all has ended. */
export function followUps(stage: Stage): FollowUps {
  const { query } = stage;
  const asked = query(
    "select * from dues where cause in ('confirm', 'retry') order by due_at, due_id",
  ) as unknown as readonly Asked[];
  const ended = query(
    `select runs.run_id, runs.probe, outcome, fault ->> 'system' as system, ended_at, retry_of, cause, "of"
    from runs join dues using (run_id) order by ended_at`,
  ) as unknown as readonly Ended[];
  const incidents = query('select data from incidents').map(
    ({ data }) => JSON.parse(String(data)) as Incident,
  );
  const retries = Map.groupBy(
    asked.filter(({ cause }) => cause === 'retry'),
    ({ of }) => of,
  );
  const confirms = Map.groupBy(
    asked.filter(({ cause }) => cause === 'confirm'),
    ({ of }) => of,
  );
  const complaints: string[] = [...misbegun(asked, ended)];

  const errored = ended.filter(({ outcome }) => outcome === 'errored');
  for (const { run_id, cause } of errored) {
    const wanted = cause === 'retry' ? 0 : 1;
    const found = retries.get(run_id)?.length ?? 0;
    if (found !== wanted) complaints.push(`errored run ${run_id} (${cause}) was tried again ${found} times`);
  }

  const failed = ended.filter(
    ({ outcome, system }) => outcome === 'failed' && stage.confirmed.some((one) => one === system),
  );
  let told = 0;
  let overtaken = 0;
  for (const run of failed) {
    const found = confirms.get(run.run_id) ?? [];
    complaints.push(...askedInVain(run, found, ended));
    if (found.length > 0) continue;
    if (isTold(run, incidents)) told += 1;
    else if (isOvertaken(run, stage)) overtaken += 1;
    else complaints.push(`failed run ${run.run_id} of ${run.probe} was never confirmed`);
  }
  const started = (of: ReadonlyMap<string, readonly Asked[]>) =>
    [...of.values()].filter((dues) => dues.some(({ state }) => state === 'started')).length;
  return {
    complaints,
    doubted: confirms.size,
    confirmed: started(confirms),
    errored: retries.size,
    retried: started(retries),
    told,
    overtaken,
  };
}

/** Those that began for what did not ask, that were kept out without a rule, and whose origin is not known. */
function misbegun(asked: readonly Asked[], ended: readonly Ended[]): Complaints {
  const runs = new Map(ended.map((run) => [run.run_id, run]));
  return asked.flatMap((due) => {
    const { due_id, cause, of, state, reason, run_id } = due;
    const origin = runs.get(of);
    const run = runs.get(run_id ?? '');
    const wanted = cause === 'retry' ? 'errored' : 'failed';
    const complaints: string[] = [];
    if (origin?.outcome !== wanted)
      complaints.push(`due time ${due_id} is a ${cause} of ${of}, ${origin?.outcome}`);
    if (state === 'skipped' && !['load', 'paused', 'missed'].includes(reason ?? ''))
      complaints.push(`due time ${due_id}, a ${cause}, was left out: ${reason}`);
    if (state === 'started' && run?.probe !== due.probe)
      complaints.push(`due time ${due_id} of ${due.probe} was for a run of ${run?.probe}`);
    if (run !== undefined && run.retry_of !== (cause === 'retry' ? of : null))
      complaints.push(`run ${run_id}, a ${cause} of ${of}, says that it tries ${run.retry_of} again`);
    return complaints;
  });
}

/**
 * Asked for again without a reason. There is one where a run that was to answer has not: it failed elsewhere, or passed without having come to
 * what had failed.
 */
function askedInVain(run: Ended, dues: readonly Asked[], ended: readonly Ended[]): Complaints {
  return dues.slice(1).flatMap((due, index) => {
    const before = dues[index]?.due_at ?? 0;
    const between = ended.some(({ cause, of, ended_at }) => {
      const isAnswer = cause === 'retry' || (cause === 'confirm' && of === run.run_id);
      return isAnswer && ended_at >= before && ended_at <= due.due_at;
    });
    return between ? [] : [`failed run ${run.run_id} of ${run.probe} was confirmed ${dues.length} times`];
  });
}

/** Whether its incident was open when the run was looked at, or was opened by it. */
function isTold({ run_id, ended_at, system }: Ended, incidents: readonly Incident[]): boolean {
  return incidents.some((incident) => {
    if (incident.system !== system || incident.opened_at === null) return false;
    const at = incident.runs.findIndex((one) => one.run_id === run_id);
    const opener = incident.runs.findIndex((one) => one.ended_at === incident.opened_at);
    // It remembers the first ten and the last.
    if (at === -1) return incident.failures > incident.runs.length && ended_at >= incident.opened_at;
    return at >= opener;
  });
}

/** Whether the system was good so soon behind it that this may have been known before the run was looked at. */
function isOvertaken({ ended_at, system }: Ended, { query, speed }: Stage): boolean {
  const until = ended_at + OVERTAKEN_MS * speed;
  const [row] = query(
    `select count(*) as n from evidence where system = '${system}' and good = 1 and at > ${ended_at} and at <= ${until}`,
  );
  return Number(row?.['n']) > 0;
}
