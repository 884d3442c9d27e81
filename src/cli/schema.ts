import { jsonSchemaOf, SCHEMA_KINDS } from '../core/schema.ts';
import { EXIT, type Host } from './host.ts';
import { UsageError } from './usage-error.ts';

/** `packprobe schema KIND`: the JSON Schema for editors. */
export async function schemaCommand(kind: string, host: Host): Promise<number> {
  const known = SCHEMA_KINDS.find((name) => name === kind);
  if (known === undefined)
    throw new UsageError(`there is no schema "${kind}"`, `Known: ${SCHEMA_KINDS.join(', ')}`);
  host.stdout.write(`${JSON.stringify(jsonSchemaOf(known, await host.actions()), undefined, 2)}\n`);
  return EXIT.passed;
}
