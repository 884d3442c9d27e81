import type { Environment, Secret } from '../core/environment.ts';
import type { Exec } from '../core/ports.ts';
import { relocated } from '../core/relocated.ts';
import type { CommandRecord } from '../core/run.ts';
import type { Files } from '../core/step.ts';
import type { StoredRun } from '../core/store.ts';

/** Where one run or one undo works: a folder of its own with a HOME of its own, and the commands that run in it. */
export interface Workplace {
  readonly dir: string;
  /** Where the folder may have been under earlier owners of the run, as `dir`. */
  readonly former: readonly string[];
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
  /**
   * Folders of earlier owners of the run, the newest first: the first that is there gets this name, and is gone on with; where none is, an empty
   * one is made. Left out, nobody was here before, and what is there is removed first.
   */
  readonly former?: readonly string[];
  readonly environment: Environment;
  readonly started?: (command: CommandRecord) => Promise<void>;
}

export interface Workplaces {
  open(options: WorkplaceOptions): Promise<Workplace>;
  /** The folder and all in it. Never throws: what is left of it is ours alone. */
  remove(name: string): Promise<void>;
}

export interface Folders {
  readonly work: string;
  /** Those that earlier owners worked in, the newest first. */
  readonly former: readonly string[];
  readonly undo: string;
}

/**
 * Names of the folders of this owner of a run. Each owner has its own: one that was believed dead and wakes up in the middle of a command or a file
 * must not find what the next one works with.
 */
export function foldersOf(run: string, fence: number): Folders {
  const of = (owner: number) => `${run}-${owner}`;
  const before = Array.from({ length: fence - 1 }, (_, index) => of(fence - 1 - index));
  return {
    work: of(fence),
    // Until each owner had a folder of its own, there was one under the id of the run.
    former: fence === 1 ? [] : [...before, run],
    undo: `${run}-undo-${fence}`,
  };
}

/** The run as its next owner sees it: what its steps were given and put out lies where the folder is now. */
export function movedInto({ dir, former }: Workplace, run: StoredRun): StoredRun {
  const steps = run.steps.map((step) => ({
    ...step,
    inputs: relocated(step.inputs, former, dir),
    outputs: relocated(step.outputs, former, dir),
  }));
  return { ...run, steps };
}
