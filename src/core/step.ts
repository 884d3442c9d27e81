import type { z } from 'zod';
import type { Environment, Secret } from './environment.ts';
import type { Judge, Subject } from './event.ts';
import type { Json } from './json.ts';
import type { Clock, Exec, Http, Ids, Logger } from './ports.ts';
import type { Release } from './release.ts';
import type { System } from './system.ts';

/** An action with literal inputs that takes an effect away again; a step of its own that needs nothing of the run's process. */
export interface UndoStep {
  readonly uses: string;
  readonly with: Readonly<Record<string, Json>>;
}

/**
 * One thing that a step makes in somebody else's system. It belongs to the step, not to the attempt, under (step, kind, key).
 *
 * The intent is on disk before `make` runs. A second attempt, or a resume, asks `find` first where an intent has no identity yet.
 */
export interface Effect<Identity extends Json, Sought extends Json = Json> {
  /** `commit`, `koji-task`, `update`, … */
  readonly kind: string;
  /** Tells several effects of one kind in one step apart. @defaultValue '' */
  readonly key?: string;
  /**
   * What `find` has to know that only the work folder tells (a commit): asked before the intent and kept with it, for the ledger may be worked off
   * by a process that has no such folder.
   */
  sought?(signal: AbortSignal): Promise<Sought>;
  /** Looks whether it is already there. Must tell what this run made from what others made. `sought` is null where the effect has none. */
  find(signal: AbortSignal, sought: Sought): Promise<Identity | undefined>;
  /** Makes it and reads back what it is. When it throws, the next attempt asks `find`. `sought` as `find` gets it: a mark to make it with. */
  make(signal: AbortSignal, sought: Sought): Promise<Identity>;
  /** What takes it away; left out for what cannot be undone (commits, tarballs). */
  undo?(identity: Identity): UndoStep;
  /** What is followed from now on. */
  subjects?(identity: Identity): readonly Subject[];
}

/** Which run this is: what stands in commit messages, notes and logs. */
export interface RunFacts {
  readonly id: string;
  readonly probe: string;
  /** The test package. */
  readonly package: string;
  /** As the probe says it: `stable`, `rawhide`, or a branch such as `f44`. */
  readonly branch: string;
}

export interface EventWaits {
  /**
   * Follows the subject and calls `judge` afresh after each report until it returns a value, which is the answer, or throws, which is a
   * final state. The engine alone knows the deadline and `hold`.
   */
  until<Result>(subject: Subject, judge: Judge<Result>): Promise<Result>;
  /** Follows a subject without waiting for it. */
  follow(...subjects: readonly Subject[]): void;
}

/** All that a step may touch. What a later step needs is an output, never a shared object. */
export interface StepContext {
  readonly run: RunFacts;
  readonly env: Environment;
  readonly exec: Exec;
  readonly http: Http;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Aborts at the step's limit, the run's limit and on cancellation; the first reason wins. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** The run's work folder, absolute. `home` below it is the HOME of every command. */
  readonly dir: string;
  readonly home: string;
  readonly files: Files;
  /**
   * Path of a file that holds the secret: `{file}` as it stands (it need not exist: that is for the command to say), `{env}` written below
   * `home` with mode 0600, decoded where the value begins with `base64:`.
   */
  secretFile(secret: Secret): Promise<string>;
  readonly events: EventWaits;
  effect<Identity extends Json, Sought extends Json = Json>(
    effect: Effect<Identity, Sought>,
  ): Promise<Identity>;
  /** The release of this run: asked once, by the first step that needs it, and journalled. */
  release(ask: (signal: AbortSignal) => Promise<Release>): Promise<Release>;
  /** Local clean-up (a temporary file), run when the attempt has ended, the last first. */
  defer(cleanUp: () => Promise<void>): void;
}

/** Files below the run's work folder; every path is absolute or relative to it. Faults are of kind `prober`: it is our disk. */
export interface Files {
  read(path: string): Promise<string>;
  /** Bytes or text; makes missing folders. */
  write(path: string, content: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** Names in the folder, sorted. */
  list(path: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
}

/** What `commands` is told when `plan` prints them: unknown values stand as `<steps.build.nvr>`. */
export interface PlanFacts {
  readonly run: RunFacts;
  readonly env: Environment;
}

/** Inputs as far as the file and the environment tell them before a run; what is not known stands as `<steps.build.nvr>`. */
export type KnownInputs = Readonly<Record<string, unknown>>;

export interface StepDefinition<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  /** One sentence for the reference page. */
  readonly summary: string;
  /** Who is charged when nothing more precise is known; undefined where the probe file must say it (`command/run`). */
  readonly system: System | undefined;
  /** Told where `system` is undefined and the probe file says nothing, from the inputs that are known before the run; undefined: the file must say it. */
  systemOf?(inputs: KnownInputs, environment: Environment): System | undefined;
  /** A second attempt leaves nothing behind that the undo does not remove. Some actions know it only of their inputs. */
  readonly repeatable: boolean | ((inputs: KnownInputs) => boolean);
  /** Inputs that are never bound to an earlier output of their name: every request has headers, and never those of the answer before. */
  readonly unbound?: readonly string[];
  /** Limit over all attempts where the probe file gives none. Milliseconds. Steps that only run commands: at least 15 min. */
  readonly timeoutMs: number;
  /** How long a clear no that can still turn must hold before it fails the step. Milliseconds. @defaultValue 600000 */
  readonly holdMs?: number;
  /** `z.strictObject`; each field described. */
  readonly input: Input;
  readonly output: Output;
  /** The argument lists that `run` will use, built by the same functions of `clients/`. */
  commands?(input: z.output<Input>, facts: PlanFacts): readonly (readonly string[])[];
  run(input: z.output<Input>, context: StepContext): Promise<z.output<Output>>;
}

/** Gives a step file its types; `export default defineStep({…})`. */
export function defineStep<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: StepDefinition<Input, Output>,
): StepDefinition<Input, Output> {
  return definition;
}

/** An action as the engine knows it: the step file and the name that its path gives it. */
export interface Action {
  /** `koji/build`. */
  readonly uses: string;
  readonly definition: StepDefinition;
}
