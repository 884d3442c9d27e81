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
  /** The folder and all in it. Never throws: what is left is ours alone and is logged. */
  remove(): Promise<void>;
}

export interface WorkplaceOptions {
  /** Name of the folder. */
  readonly name: string;
  readonly environment: Environment;
  readonly started?: (command: CommandRecord) => Promise<void>;
  readonly ended?: (command: CommandRecord) => Promise<void>;
}

export type OpenWorkplace = (options: WorkplaceOptions) => Promise<Workplace>;
