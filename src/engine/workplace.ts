import type { Environment, Secret } from '../core/environment.ts';
import type { Exec } from '../core/ports.ts';
import type { CommandRecord } from '../core/run.ts';
import type { Files } from '../core/step.ts';

/** Where one run or one undo works: a folder of its own with a HOME of its own, and the commands that run in it. */
export interface Workplace {
  readonly dir: string;
  readonly home: string;
  readonly exec: Exec;
  readonly files: Files;
  secretFile(secret: Secret): Promise<string>;
}

export interface WorkplaceOptions {
  /** Name of the folder. */
  readonly name: string;
  /** Whose commands run in it. */
  readonly run: string;
  /** Whether what is there already is removed first, or gone on with. */
  readonly fresh: boolean;
  readonly environment: Environment;
  readonly started?: (command: CommandRecord) => Promise<void>;
}

export interface Workplaces {
  open(options: WorkplaceOptions): Promise<Workplace>;
  /** The folder and all in it. Never throws: what is left of it is ours alone. */
  remove(name: string): Promise<void>;
}

/** Names of a run's folders: its own, which a resume goes on with, and that of the undo of this owner alone. */
export function foldersOf(run: string, fence: number): { readonly work: string; readonly undo: string } {
  return { work: run, undo: `${run}-undo-${fence}` };
}
