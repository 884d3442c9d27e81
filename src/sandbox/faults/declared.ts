import { readdir } from 'node:fs/promises';
import type { Charge } from '../../core/system.ts';
import type { Hooks, SandboxFault } from '../kit/kit.ts';

/** What a file below this folder exports as `fault`. Its path is its name: `koji/http-500.ts` is `koji:http-500`. */
export interface DeclaredFault {
  /** One sentence for people: what is broken. */
  readonly says: string;
  /** How a run of `single-build` ends with it. */
  readonly outcome: 'passed' | 'failed' | 'errored';
  /** Who is charged with that, as far as it can be told from outside; null where the run passes. */
  readonly charge: Charge | null;
  readonly hooks: Partial<Hooks>;
}

export interface NamedFault extends DeclaredFault, SandboxFault {
  /** Where it sits, the folder; the charge may be another's. */
  readonly system: string;
}

/** Every fault of this folder, by name. */
export async function discoverFaults(): Promise<ReadonlyMap<string, NamedFault>> {
  const root = new URL('./', import.meta.url);
  const files = (await readdir(root, { recursive: true })).filter((file) =>
    /^[^/]+\/[^/.]+\.(ts|js)$/.test(file),
  );
  const faults = await Promise.all(
    files.map(async (file): Promise<NamedFault> => {
      const { fault } = (await import(new URL(file, root).href)) as { readonly fault: DeclaredFault };
      const name = file.replace(/\.(ts|js)$/, '').replace('/', ':');
      return { name, system: name.split(':')[0] ?? name, ...fault };
    }),
  );
  return new Map(faults.sort((a, b) => (a.name < b.name ? -1 : 1)).map((fault) => [fault.name, fault]));
}
