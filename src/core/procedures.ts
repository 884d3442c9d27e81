import { z } from 'zod';
import { readConfigFile } from './config.ts';
import { SYSTEMS } from './system.ts';

const procedure = z.strictObject({
  title: z.string().min(1),
  url: z.string().regex(/^https?:\/\/[^\s@]+$/, 'an http or https address without a login in it'),
});

/** `config/procedures.yaml`: where those who run the systems say what to do. */
export const proceduresSchema = z.strictObject({
  procedures: z
    .partialRecord(z.enum([...SYSTEMS, 'own']), procedure)
    .default({})
    .describe('The page of those who run a system, for whoever has to mend it.'),
});

export type Procedures = z.output<typeof proceduresSchema>['procedures'];

/** Reads `config/procedures.yaml`. Throws a ConfigError with all that is wrong. */
export function readProcedures(file: string, text: string): Procedures {
  return readConfigFile(proceduresSchema, file, text).procedures;
}
