import { nearest } from '../core/suggest.ts';
import { EXIT, type Host, type SandboxFault } from './host.ts';
import { jsonText } from './json-text.ts';
import { UsageError } from './usage-error.ts';

export interface FaultOptions {
  readonly fault?: readonly string[];
  readonly listFaults?: boolean;
  readonly json?: boolean;
}

/** `--list-faults`: what can be broken in a sandbox, and how a run of `single-build` then ends. */
export async function listFaults(options: FaultOptions, host: Host): Promise<number> {
  const faults = await host.sandboxFaults();
  host.stdout.write(
    options.json === true
      ? jsonText(
          faults.map(({ name, system, says, outcome, charge }) => ({ name, system, says, outcome, charge })),
        )
      : table(faults),
  );
  return EXIT.passed;
}

function table(faults: readonly SandboxFault[]): string {
  const head = ['name', 'system', 'outcome', 'charge', 'says'];
  const rows = faults.map(({ name, system, says, outcome, charge }) => [
    name,
    system,
    outcome,
    charge ?? '–',
    says,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

interface Chosen {
  readonly fault?: readonly string[];
  /** Where the run is to take place; a sandbox of its own where both are left out. */
  readonly env?: string;
  readonly url?: string;
}

/** The faults that `--fault` names, each once; none where something else than a sandbox of our own would have to be broken. */
export async function chosenFaults(
  { fault: names = [], env = 'sandbox', url }: Chosen,
  host: Host,
): Promise<readonly SandboxFault[]> {
  if (names.length === 0) return [];
  if (url !== undefined) {
    throw new UsageError(
      '--fault cannot break a sandbox that is joined',
      `Switch it on in the sandbox itself: ${names.map((name) => `curl -X PUT ${url.replace(/\/+$/, '')}/faults/${name}`).join('; ')}`,
    );
  }
  if (env !== 'sandbox') {
    throw new UsageError(
      `--fault breaks only a sandbox, not the environment ${env}`,
      'Use --env sandbox, or leave --fault out.',
    );
  }
  const known = new Map((await host.sandboxFaults()).map((fault) => [fault.name, fault]));
  return [...new Set(names)].map((name) => {
    const fault = known.get(name);
    if (fault !== undefined) return fault;
    const near = nearest(name, known.keys());
    throw new UsageError(
      `the sandbox has no fault "${name}"${near === undefined ? '' : `; did you mean ${near}?`}`,
      `\`${host.program} sandbox --list-faults\` lists them all.`,
    );
  });
}
