import { z } from 'zod';
import { FAULT_KINDS } from '../core/fault.ts';
import { SKIP_REASONS } from '../core/schedule.ts';
import { CHARGES, OUTCOMES, RUN_STATES } from './inputs.ts';

const moment = z.string().meta({ format: 'date-time', description: 'UTC, ISO 8601.' });
const duration = z.number().describe('Milliseconds of the environment.');
const age = z
  .number()
  .nullable()
  .describe(
    'How old this word is: milliseconds of the environment; null where its clock is not known here, because the service does not run it.',
  );
const charge = z.enum(CHARGES);
const json = z.unknown();
const object = z.record(z.string(), z.unknown());

/** A part of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next: z
      .string()
      .nullable()
      .describe(
        'What the next page is asked with, as `before`; null behind the last. A page may hold fewer than asked for and not be the last.',
      ),
  });
}

const fault = z
  .strictObject({
    message: z.string(),
    code: z.string().describe('Stable; see docs/faults.md.'),
    kind: z.enum(FAULT_KINDS),
    system: charge,
    evidence: object,
    hint: z.string().optional(),
  })
  .meta({ id: 'Fault', description: 'Why it did not pass.' });

const leftOut = z
  .strictObject({
    kind: z.enum(['outage', 'maintenance', 'freeze', 'mass_rebuild', 'branching']),
    note: z.string(),
    link: z.string().nullable(),
    source: z.string(),
  })
  .describe('The period of the calendar in which its run does not count.');

export const run = z
  .strictObject({
    run_id: z.string(),
    environment: z.string(),
    probe: z.string(),
    package: z.string(),
    state: z.enum(RUN_STATES),
    outcome: z.enum(OUTCOMES).nullable().describe('Null until it has ended.'),
    started_at: moment,
    ended_at: moment.nullable(),
    duration_ms: duration.nullable(),
    age_ms: age.describe('Since it ended, or began where it has not. Milliseconds of the environment.'),
    fault: fault.nullable(),
    leftovers: z.int().describe('Things that it still holds in other systems.'),
    left_out: leftOut.nullable(),
    retry_of: z.string().nullable(),
  })
  .meta({ id: 'Run' });

const stepOutcome = z.enum([...OUTCOMES, 'skipped']);

export const stepDetail = z
  .strictObject({
    index: z.int(),
    step: z.string(),
    uses: z.string(),
    system: charge,
    outcome: stepOutcome.nullable().describe('Null until it has ended.'),
    reason: z.string().nullable().describe('Why it was skipped.'),
    started_at: moment.nullable(),
    deadline_at: moment.nullable(),
    resumed_at: z.array(moment),
    duration_ms: duration.nullable(),
    inputs: object.nullable(),
    outputs: object.nullable(),
    fault: fault.nullable(),
    phases: z.array(
      z.strictObject({
        phase: z.string(),
        started_at: moment,
        duration_ms: duration,
        arch: z.string().optional(),
      }),
    ),
    attempts: z.array(
      z.strictObject({
        attempt: z.int(),
        started_at: moment,
        duration_ms: duration.nullable(),
        outcome: z.enum(OUTCOMES).nullable(),
        fault: fault.nullable(),
      }),
    ),
  })
  .meta({ id: 'StepOfRun' });

export const step = z
  .strictObject({
    run_id: z.string(),
    environment: z.string(),
    probe: z.string(),
    index: z.int(),
    step: z.string(),
    uses: z.string(),
    system: charge,
    outcome: stepOutcome.nullable().describe('Null until it has ended.'),
    reason: z.string().nullable().describe('Why it was skipped.'),
    started_at: moment.nullable(),
    duration_ms: duration.nullable(),
    age_ms: age.describe('Since it ended, or began where it has not. Milliseconds of the environment.'),
    attempts: z.int(),
    fault: fault.nullable(),
  })
  .meta({ id: 'Step' });

export const runDetail = run
  .extend({
    branch: z.string(),
    params: object,
    deadline_at: moment,
    packprobe: z.string().describe('Version that began it.'),
    owner: z.strictObject({ host: z.string(), pid: z.int() }).describe('Who has it, or had it last.'),
    resumes: z.int().describe('How often another process went on with it.'),
    release: object.nullable(),
    versions: z.record(z.string(), z.string()).describe('Of the commands that it used.'),
    steps: z.array(stepDetail),
    effects: z
      .array(
        z.strictObject({
          step: z.string(),
          kind: z.string(),
          key: z.string(),
          system: charge,
          state: z.enum(['intended', 'made', 'kept', 'undone', 'struck']),
          intended_at: moment,
          made_at: moment.nullable(),
          undone_at: moment.nullable(),
          undo_attempts: z.int(),
          identity: json,
        }),
      )
      .describe('The ledger: what it made in other systems, and what became of it.'),
    subjects: z.array(z.strictObject({ kind: z.string(), key: z.string() })).describe('What it followed.'),
    verdicts: z
      .array(
        z.strictObject({
          step: z.string(),
          at: moment,
          says: z.enum(['came_late', 'never_came', 'ended']),
          text: z.string(),
        }),
      )
      .describe('Late words; the run itself never changes.'),
  })
  .meta({ id: 'RunDetail' });

export const probe = z
  .strictObject({
    environment: z.string(),
    probe: z.string(),
    description: z.string(),
    package: z.string(),
    branch: z.string(),
    systems: z.array(charge),
    interval_ms: duration.nullable().describe('Typical time between two starts; null without a schedule.'),
    timeout_ms: duration,
    confirm_with: z.string().nullable(),
    next_due_at: moment.nullable(),
    paused: z
      .strictObject({ reason: z.string(), by: z.string(), until: moment.nullable() })
      .nullable()
      .describe('By which word of an operator it is not started.'),
    under_way: z.array(z.string()).describe('Ids of its runs that have not ended.'),
    last: run.nullable().describe('The run that ended last.'),
  })
  .meta({ id: 'Probe' });

export const systemState = z
  .strictObject({
    environment: z.string(),
    system: charge,
    state: z
      .enum(['operational', 'slow', 'failing', 'unknown'])
      .describe('Unknown without evidence younger than 2.5 intervals, never the last value.'),
    since: moment.nullable(),
    age_ms: age.describe('Age of the newest evidence; null where there is none.'),
    interval_ms: duration.nullable().describe('Shortest interval of the probes that speak for it.'),
    last_good_at: moment.nullable(),
    last_bad_at: moment.nullable(),
    incident_id: z.string().nullable().describe('The open incident.'),
  })
  .meta({ id: 'SystemState' });

const incidentRun = z.strictObject({
  run_id: z.string(),
  probe: z.string(),
  ended_at: moment,
  step: z.string().nullable(),
  fault,
  builds: z.array(z.string()),
  updates: z.array(z.string()),
  details: z.array(z.string()),
});

const share = z.strictObject({ failed: z.int(), of: z.int() });

export const incident = z
  .strictObject({
    incident_id: z.string(),
    environment: z.string(),
    system: charge,
    state: z.enum(['suspected', 'open', 'resolved', 'dismissed']),
    since: moment.describe('End of the first run that failed.'),
    opened_at: moment.nullable(),
    resolved_at: moment.nullable(),
    updated_at: moment.describe('The newest evidence that belongs to it.'),
    age_ms: age.describe('Age of the newest evidence. Milliseconds of the environment.'),
    rule: z.string().nullable(),
    failures: z.int(),
    runs: z.array(incidentRun).describe('The first ten and the last.'),
    last_good: z.strictObject({ run_id: z.string(), probe: z.string(), ended_at: moment }).nullable(),
    recent: share,
    normal: share,
    changes: z.array(
      z.strictObject({ at: moment, kind: z.string(), text: z.string(), link: z.string().nullable() }),
    ),
    flapping_since: moment.nullable(),
    reopened_at: z.array(moment),
    reminders: z.int(),
    told_at: moment.nullable(),
    acknowledged_at: moment.nullable(),
    acknowledged_by: z.string().nullable(),
    ticket: z.string().nullable(),
    closed_at: moment.nullable().describe('When an operator ended it.'),
    closed_by: z.string().nullable(),
    closed_because: z.string().nullable(),
    unwatched_since: moment
      .nullable()
      .describe('Since when no probe that is served could end it. Of the host.'),
  })
  .meta({ id: 'Incident' });

export const due = z
  .strictObject({
    due_id: z.int(),
    environment: z.string(),
    probe: z.string(),
    due_at: moment,
    age_ms: age.describe('Since it was due; below 0 where it lies ahead. Milliseconds of the environment.'),
    cause: z.enum(['schedule', 'request', 'retry', 'confirm']),
    of: z.string().nullable().describe('The run that is tried again or confirmed.'),
    by: z.string().nullable().describe('Who asked.'),
    state: z.enum(['waiting', 'started', 'skipped']),
    reason: z.enum(SKIP_REASONS).nullable().describe('Why it has no run.'),
    note: z.string().nullable(),
    run_id: z.string().nullable(),
    decided_at: moment.nullable(),
  })
  .meta({ id: 'Due' });

export const dueAsked = due.pick({ due_id: true, environment: true, probe: true, due_at: true });

export const pause = z
  .strictObject({
    pause_id: z.int(),
    environment: z.string(),
    probe: z.string().nullable().describe('Null: every probe of the environment.'),
    reason: z.string(),
    by: z.string(),
    from: moment,
    until: moment.nullable().describe('Null: until somebody ends it.'),
    ended_at: moment.nullable(),
    ended_by: z.string().nullable(),
  })
  .meta({ id: 'Pause' });

export const health = z
  .strictObject({
    ok: z.boolean(),
    checks: z.array(
      z.strictObject({
        name: z.string(),
        ok: z.boolean(),
        text: z.string(),
        age_ms: z
          .number()
          .nullable()
          .describe('Milliseconds since what it is based on; null where it was looked at just now.'),
      }),
    ),
  })
  .meta({ id: 'Health' });

export const auditEntry = z
  .strictObject({
    at: moment,
    who: z.string(),
    through: z.string(),
    action: z.string(),
    subject: z.string(),
    detail: z.string(),
  })
  .meta({ id: 'AuditEntry' });
