import { z } from 'zod';
import { FAULT_KINDS } from './fault.ts';
import type { Incident } from './incident.ts';
import { jsonSchema } from './json-schema.ts';
import type { IncidentMessage, RunMessage, StepMessage } from './notice.ts';
import { SYSTEMS } from './system.ts';

const charge = z
  .enum([...SYSTEMS, 'own'])
  .describe('Who is charged; `own` is packprobe, its host or its configuration.');
const time = z.number().describe('Epoch milliseconds.');
const address = z.string().nullable();
const anything = z.record(z.string(), z.unknown());

const fault = z
  .object({
    message: z.string().describe('One line that names the thing and what happened to it.'),
    code: z.string().describe('Stable; all are listed in docs/faults.md.'),
    kind: z.enum(FAULT_KINDS),
    system: charge,
    evidence: anything.describe('What proves it.'),
    hint: z.string().optional().describe('What to do about it.'),
  })
  .meta({ id: 'fault' });

const share = z.object({ failed: z.int(), of: z.int() });

const incidentRun = z.object({
  run_id: z.string(),
  probe: z.string(),
  ended_at: time,
  step: z.string().nullable(),
  fault,
  builds: z.array(z.string()),
  updates: z.array(z.string()),
  details: z.array(z.string()).describe('What failed of it by architecture or check.'),
});

const incident = z
  .object({
    incident_id: z.string(),
    scope: z.string(),
    environment: z.string(),
    system: charge,
    state: z.enum(['suspected', 'open', 'resolved', 'dismissed']),
    since: time.describe('End of the first run that failed. Epoch milliseconds.'),
    opened_at: time.nullable(),
    resolved_at: time.nullable(),
    updated_at: time,
    rule: z.string().nullable().describe('Such as `confirmed`, `3 in a row`, `3 of the last 6`.'),
    runs: z.array(incidentRun).describe('The first ten that failed, and the last.'),
    failures: z.int().describe('How many runs failed in all.'),
    last_good: z.object({ run_id: z.string(), probe: z.string(), ended_at: time }).nullable(),
    recent: share.describe('How many of the last runs failed.'),
    normal: share.describe('How many failed of those of the four weeks before.'),
    changes: z
      .array(z.object({ at: time, kind: z.string(), text: z.string(), link: address }))
      .describe('What changed in the day before.'),
    flapping_since: time.nullable(),
    reopened_at: z.array(time),
    reminders: z.int(),
    told_at: time.nullable(),
    acknowledged_at: time.nullable(),
    acknowledged_by: z.string().nullable(),
    ticket: address,
    closed_at: time.nullable().describe('When somebody ended it, without a run that showed it to be over.'),
    closed_by: z.string().nullable(),
    closed_because: z.string().nullable(),
    unwatched_since: time.nullable().describe('Since when no probe that is served could end it.'),
  })
  .meta({ id: 'incident' });

const incidentMessage = z
  .object({
    type: z.literal('incident'),
    change: z
      .string()
      .regex(/^(opened|flapping|acknowledged|resolved|reminded-[1-9]\d*)$/)
      .describe('What happened to it; each is told at most once.'),
    incident,
    title: z.string(),
    text: z.string().describe('Plain text for people.'),
    links: z.array(z.object({ title: z.string(), url: z.string() })),
  })
  .meta({ id: 'incident_message' });

const outcome = z.enum(['passed', 'failed', 'errored', 'cancelled']);

const duplicate = z
  .boolean()
  .describe('The same outcome and charge as that of the run of this probe before it in this environment.');

const runMessage = z
  .object({
    type: z.literal('run'),
    run_id: z.string(),
    probe: z.string(),
    environment: z.string(),
    package: z.string(),
    outcome,
    started_at: time,
    ended_at: time,
    duration_ms: z.number(),
    fault: fault.nullable(),
    builds: z.array(z.string()),
    updates: z.array(z.string()),
    retry_of: z.string().nullable(),
    duplicate,
  })
  .meta({ id: 'run_message' });

const stepMessage = z
  .object({
    type: z.literal('step'),
    run_id: z.string(),
    probe: z.string(),
    environment: z.string(),
    step: z.string(),
    uses: z.string().describe('The action, such as `koji/build`.'),
    system: charge,
    outcome: z.enum([...outcome.options, 'skipped']),
    started_at: time.nullable(),
    duration_ms: z.number(),
    attempts: z.int(),
    fault: fault.nullable(),
    outputs: anything,
    duplicate,
  })
  .meta({ id: 'step_message' });

/** What machines are sent, by a webhook or to a command. Keys may be added within a version: readers let through what they do not know. */
export const webhookSchema = z.object({
  schema_version: z.literal(1),
  id: z.string().describe('The same for every try to send this message: tells a repeat.'),
  receiver: z.string(),
  created_at: z.string().meta({ format: 'date-time', description: 'In UTC.' }),
  message: z.discriminatedUnion('type', [incidentMessage, runMessage, stepMessage]),
});

// What is sent and what is described are one: a key that is missing here, or of another type, does not compile.
type Described<Message> = { readonly [Key in keyof Message]: unknown };
incident satisfies z.ZodType<Described<Incident>>;
incidentMessage satisfies z.ZodType<Described<IncidentMessage>>;
runMessage satisfies z.ZodType<Described<RunMessage>>;
stepMessage satisfies z.ZodType<Described<StepMessage>>;

/** The file for readers of the webhook: its place in the project, and what stands in it. */
export function webhookSchemaFile(): { readonly path: string; readonly content: string } {
  const { $schema, ...rest } = jsonSchema(webhookSchema, 'input');
  const whole = { $schema, title: 'packprobe webhook', ...rest };
  return { path: 'docs/webhook.schema.json', content: `${JSON.stringify(whole, undefined, 2)}\n` };
}
