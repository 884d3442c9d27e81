import { jsonSchemaOf } from '../core/schema.ts';
import { EXIT, type Host } from './host.ts';
import { UsageError } from './usage-error.ts';

const KINDS = ['probe', 'config', 'environment'] as const;

/** `packprobe schema KIND`: the JSON Schema for editors. */
export async function schemaCommand(kind: string, host: Host): Promise<number> {
  const known = KINDS.find((name) => name === kind);
  if (known === undefined) throw new UsageError(`there is no schema "${kind}"`, `Known: ${KINDS.join(', ')}`);
  host.stdout.write(`${JSON.stringify(jsonSchemaOf(known, await host.actions()), undefined, 2)}\n`);
  return EXIT.passed;
}
