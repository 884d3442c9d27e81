import { z } from 'zod';
import type { FileFault } from './config-error.ts';
import { everComes, isCron } from './cron.ts';
import { duration, parseDuration } from './duration.ts';
import type { Json } from './json.ts';
import { judge, valueAt } from './schema-faults.ts';
import { SYSTEMS } from './system.ts';
import { type Path, readYaml, type YamlDocument } from './yaml-document.ts';

/** A duration that is not nothing. */
export const positiveDuration = duration.refine((ms) => ms > 0, 'a duration above zero');

const CRON_EXPECTED = 'five fields of cron such as `0 6,18 * * *`';
const CRON_COMES = 'a date that comes some day, which this never does';

function isTimeZone(name: string): boolean {
  // To look it up loads the tables of all: 10 MB that a service needs for nothing else.
  if (name === 'UTC') return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

export const timeZone = z
  .string()
  .refine(isTimeZone, 'a time zone such as `UTC` or `Europe/Prague`')
  .default('UTC');

/** When a probe is due. */
export const scheduleSchema = z
  .strictObject({
    every: positiveDuration.optional().describe('Time from one start to the next, such as `8h`.'),
    cron: z
      .string(CRON_EXPECTED)
      .refine(isCron, { error: CRON_EXPECTED, abort: true })
      .refine(everComes, CRON_COMES)
      .optional()
      .describe('Due times as cron says them, such as `0 6,18 * * mon-fri`.'),
    time_zone: timeZone.describe('Where `cron` reads its clock.'),
    overlap: z
      .enum(['skip', 'queue'])
      .default('skip')
      .describe(
        'What becomes of a due time while the run before it still goes: left out, or started after it.',
      ),
    jitter: duration
      .optional()
      .describe(
        'Within what time from the full interval it is due: where, its name and environment say, always the same. Left out, the whole of `every`, and nothing for `cron`.',
      ),
  })
  .refine(({ every, cron }) => (every === undefined) !== (cron === undefined), 'either `every` or `cron`')
  .meta({ oneOf: [{ required: ['every'] }, { required: ['cron'] }] });

export type Schedule = z.output<typeof scheduleSchema>;

/** A share that runs are to reach, such as 0.99. */
export const objective = z
  .number('a share between 0 and 1 such as 0.99')
  .gt(0, 'a share between 0 and 1 such as 0.99')
  .lt(1, 'a share between 0 and 1 such as 0.99');

const scalar = z.union([z.string(), z.number(), z.boolean()], 'text, a number or true or false');

/** What a parameter of a probe can be; a duration stays text, so that inputs of durations take it. */
export const PARAMETER_TYPES = ['string', 'integer', 'number', 'boolean', 'duration'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];
export type ParameterValue = string | number | boolean;

const EXPECTED_OF: Readonly<Record<ParameterType, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  duration: 'a duration such as `90s`, `15m` or `1h 30m`',
};

/** What a parameter of this type takes; undefined where the value is right. */
export function parameterMisfit(type: ParameterType, value: ParameterValue): string | undefined {
  const isRight = {
    string: typeof value === 'string',
    integer: Number.isSafeInteger(value),
    number: typeof value === 'number',
    boolean: typeof value === 'boolean',
    duration: typeof value === 'string' && parseDuration(value) !== undefined,
  }[type];
  return isRight ? undefined : EXPECTED_OF[type];
}

const parameterSchema = z
  .strictObject({
    type: z.enum(PARAMETER_TYPES).describe('What the parameter takes.'),
    default: scalar.optional().describe('Without it the parameter must be given by `--set`.'),
    description: z.string().optional().describe('What it is for.'),
    enum: z.array(scalar).min(1).optional().describe('The only values that it takes.'),
  })
  .check(({ value, issues }) => {
    const blame = (path: (string | number)[], input: unknown, message: string) => {
      issues.push({ code: 'custom', path, input, message });
    };
    for (const [index, choice] of (value.enum ?? []).entries()) {
      const misfit = parameterMisfit(value.type, choice);
      if (misfit !== undefined) blame(['enum', index], choice, misfit);
    }
    if (value.default === undefined) return;
    const misfit = parameterMisfit(value.type, value.default);
    if (misfit !== undefined) blame(['default'], value.default, misfit);
    else if (value.enum?.includes(value.default) === false)
      blame(['default'], value.default, 'one of `enum`');
  });

export type Parameter = z.output<typeof parameterSchema>;

const NAME_EXPECTED = 'lower case letters, digits and dashes, such as `single-build`';
const ID_EXPECTED = 'lower case letters, digits, `_` and `-`, such as `build`';

const retrySchema = z.strictObject({
  attempts: z.int().min(1).max(10).optional().describe('All tries together, the first included.'),
  delay: duration.optional().describe('Pause before each further try.'),
});

/** One step as a probe file has it; what it leaves out is filled in by the plan. */
export const stepSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*$/, ID_EXPECTED)
    .optional()
    .describe('What later steps call it: `steps.ID.OUTPUT`. Left out, the last part of `uses`.'),
  name: z.string().min(1).optional().describe('What people read in place of the id.'),
  uses: z.string('an action such as `koji/build`').describe('The action, such as `koji/build`.'),
  with: z.record(z.string(), z.unknown()).default({}).describe('Inputs of the action.'),
  timeout: positiveDuration.optional().describe('Limit over all tries. Left out, that of the action.'),
  retry: retrySchema.optional().describe('How often it is tried. Left out, 3 times where that is safe.'),
  if: z
    .union([z.string(), z.boolean()], 'an expression such as `failure()`')
    .optional()
    .describe('The step runs only where this is true. Left out, `success()`.'),
  continue_on_failure: z.boolean().default(false).describe('Later steps go on; the run fails all the same.'),
  always: z.boolean().default(false).describe('Runs even where an earlier step did not pass.'),
  normal: positiveDuration.optional().describe('How long is normal, until there is a history.'),
  system: z
    .enum([...SYSTEMS, 'own'])
    .optional()
    .describe('Who is charged; `own` is packprobe itself. Left out, the system of the action.'),
});

export type StepEntry = z.output<typeof stepSchema>;

/** A probe file: which steps, with what inputs, how often, against which objective. */
export const probeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, NAME_EXPECTED)
    .describe('What the probe is called everywhere.'),
  description: z.string().default('').describe('One sentence for people.'),
  package: z
    .string()
    .min(1)
    .optional()
    .describe('The test package. Left out, `packages.single` of the environment.'),
  branch: z
    .string()
    .min(1)
    .default('stable')
    .describe('`stable` (the newest current release), `rawhide`, or a branch such as `f44`.'),
  timeout: positiveDuration.prefault('8h').describe('Limit of a whole run.'),
  schedule: scheduleSchema.optional().describe('When `serve` runs it.'),
  confirm_with: z
    .string()
    .min(1)
    .optional()
    .describe('Probe that is run to confirm a failure before people are told.'),
  objective: objective.optional().describe('Share of runs that are to pass, such as 0.99.'),
  params: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower case letters, digits and `_`'), parameterSchema)
    .default({})
    .describe('Parameters, given by `--set NAME=VALUE`.'),
  steps: z.array(stepSchema).min(1).describe('What is done, in this order.'),
});

export type ProbeDefinition = z.output<typeof probeSchema>;

/**
 * A probe file as it was read: what could be made of it, where parts with faults are left out, and those faults. Only a plan says that
 * all of it is good.
 */
export interface Probe extends ProbeDefinition {
  readonly document: YamlDocument;
  readonly faults: readonly FileFault[];
}

/** Reads a probe file. Never throws: its plan tells these faults together with those that only a plan can find. */
export function readProbe(file: string, text: string): Probe {
  const document = readYaml(file, text);
  if (document.broken) return { ...mend(null), document, faults: document.faults };
  const { value, faults } = judge(probeSchema, { document, value: document.value });
  return { ...(value ?? mend(document.value)), document, faults: [...document.faults, ...faults] };
}

/** Takes out what the schema refuses until it takes the rest, so that one mistake does not hide another. */
function mend(value: Json): ProbeDefinition {
  const draft = structuredClone(value);
  const whole = typeof draft === 'object' && draft !== null && !Array.isArray(draft) ? draft : {};
  const probe = whole as Record<string, Json>;
  for (let round = 0; round < 10; round++) {
    const result = probeSchema.safeParse(probe);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const path = issue.path as Path;
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) remove(probe, [...path, key]);
      else remove(probe, path);
    }
    if (valueAt(probe, ['name']) === undefined) probe['name'] = 'unnamed';
    if (!Array.isArray(probe['steps']) || probe['steps'].length === 0) probe['steps'] = [{ uses: NO_ACTION }];
    probe['steps'] = (probe['steps'] as Json[]).map((step) =>
      typeof step === 'object' && step !== null && !Array.isArray(step)
        ? { uses: NO_ACTION, ...step }
        : { uses: NO_ACTION },
    );
  }
  return probeSchema.parse({ name: 'unnamed', steps: [{ uses: NO_ACTION }] });
}

/** Stands where a step does not say which action it uses; its fault is already told. */
export const NO_ACTION = '';

function remove(value: Json, path: Path): void {
  const parent = valueAt(value, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof parent !== 'object' || parent === null || last === undefined) return;
  if (!Array.isArray(parent)) delete (parent as Record<string, Json>)[String(last)];
  // The list of steps keeps its length, for places count by index; any other list is nothing without its item.
  else if (path.length === 2 && path[0] === 'steps') parent[Number(last)] = null;
  else remove(value, path.slice(0, -1));
}
