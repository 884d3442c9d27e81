import { readdir } from 'node:fs/promises';
import type { Charge } from '../../core/system.ts';
import type { Hooks, Kit } from '../kit/kit.ts';
import { WIRE_SYSTEMS, type WireSystem } from './front-end.ts';

/**
 * What a file below this folder exports as `fault`. Its path is its name: `koji/offline.ts` is `koji:offline`. A file of the folder `any` exports `faultOf`
 * instead, which gives the fault of each system that speaks HTTP: `any/http-502.ts` is `koji:http-502`, `bodhi:http-502` and so on;
 * undefined for a system of which it makes no sense.
 */
export interface DeclaredFault {
  /** One sentence for people: what is broken. */
  readonly says: string;
  /** How a run of `single-build` ends with it. */
  readonly outcome: 'passed' | 'failed' | 'errored';
  /** Who is charged with that, as far as it can be told from outside; null where the run passes. */
  readonly charge: Charge | null;
  /** Made anew at each switching on where it remembers something. */
  readonly hooks: Partial<Hooks> | ((kit: Kit) => Partial<Hooks>);
}

export interface NamedFault extends DeclaredFault {
  readonly name: string;
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
    files.map(async (file) => namedIn(file, await import(new URL(file, root).href))),
  );
  return new Map(
    faults
      .flat()
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((fault) => [fault.name, fault]),
  );
}

interface FaultFile {
  readonly fault?: DeclaredFault;
  readonly faultOf?: (system: WireSystem) => DeclaredFault | undefined;
}

function namedIn(file: string, { fault, faultOf }: FaultFile): readonly NamedFault[] {
  const [folder = '', what = ''] = file.replace(/\.(ts|js)$/, '').split('/');
  if (faultOf !== undefined) {
    return WIRE_SYSTEMS.flatMap((system) => {
      const fault = faultOf(system);
      return fault === undefined ? [] : [{ name: `${system}:${what}`, system, ...fault }];
    });
  }
  if (fault === undefined) throw new Error(`${file} exports no fault`);
  return [{ name: `${folder}:${what}`, system: folder, ...fault }];
}
