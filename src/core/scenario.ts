import { z } from 'zod';
import { instant, readConfigFile } from './config.ts';
import { duration } from './duration.ts';
import { positiveDuration } from './probe.ts';
import { nearest } from './suggest.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower case letters, digits and dashes');
const faultName = z
  .string()
  .regex(/^[a-z-]+:[a-z0-9-]+$/, 'the name of a fault such as `bodhi:http-503`')
  .describe(
    'A fault of the sandbox, such as `bodhi:http-503`; `packprobe sandbox --list-faults` has them all.',
  );

const at = duration.describe('When, after the start of the sandbox, in its time.');

const lasting = positiveDuration.optional().describe('How long. Left out, until the sandbox ends.');

const rebuildEvent = z.strictObject({
  at,
  mass_rebuild: z
    .strictObject({ builds: z.int().min(1).max(100_000).describe('How many packages are built anew.') })
    .describe('Release engineering rebuilds Rawhide: its builds stand in the queue of everybody.'),
  for: positiveDuration.describe('The time in which their builds are asked for.'),
});

const release = z.strictObject({
  version: z.int().min(1).max(999).describe('Such as 44.'),
  state: z
    .enum(['rawhide', 'frozen', 'current'])
    .describe('`rawhide`: updates come by themselves; `frozen`: branched, before its release.'),
});

const releases = z
  .array(release)
  .min(2)
  .refine(
    (all) => all.filter(({ state }) => state === 'rawhide').length === 1,
    'releases of which exactly one is rawhide',
  )
  .refine((all) => all.some(({ state }) => state === 'current'), 'releases of which one is current')
  .refine((all) => new Set(all.map(({ version }) => version)).size === all.length, 'releases that differ')
  .describe('The newest first. Left out, Rawhide and two current ones.');

const scenarioWith = (fault: z.ZodType<string>) =>
  z.strictObject({
    name: name.describe('How it is called.'),
    description: z.string().min(1).describe('One sentence for people.'),
    start: instant
      .optional()
      .describe('What the clock shows at the start. Left out, a quiet Tuesday, 08:00.'),
    packagers: z.int().min(0).max(10_000).default(0).describe('Other people who build and update, too.'),
    releases: releases.optional(),
    events: z
      .array(z.union([z.strictObject({ at, fault, for: lasting }), rebuildEvent]))
      .default([])
      .describe('What happens, and when.'),
  });

/** A day of a distribution for the sandbox: `config/scenarios/NAME.yaml`. */
export const scenarioSchema = scenarioWith(faultName);

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioEvent = Scenario['events'][number];

/**
 * Reads a scenario. Throws a ConfigError with all that is wrong.
 * @param faults names of all that there are; left out, any name will do
 */
export function readScenario(file: string, text: string, faults?: readonly string[]): Scenario {
  const schema = faults === undefined ? scenarioSchema : scenarioWith(knownFault(faults));
  return readConfigFile(schema, file, text);
}

function knownFault(faults: readonly string[]): z.ZodType<string> {
  return faultName.check(({ value, issues }) => {
    if (faults.includes(value)) return;
    const near = nearest(value, faults);
    const meant = near === undefined ? '' : `, perhaps ${near}`;
    issues.push({ code: 'custom', input: value, message: `a fault that the sandbox has${meant}` });
  });
}
