import type { Environment } from '../core/environment.ts';
import type { Source } from '../core/event.ts';
import type { FinishedRun } from '../core/finished-run.ts';
import type { Clock, Exec, Http, Ids, Logger } from '../core/ports.ts';
import type { Owner } from '../core/run.ts';
import type { Scenario } from '../core/scenario.ts';
import type { Action } from '../core/step.ts';
import type { Store } from '../core/store.ts';
import type { CloseOptions } from '../engine/run-options.ts';
import type { Workplaces } from '../engine/workplace.ts';
import type { ServeParts } from './serve.ts';

/** A stream that a command writes to, and what is known of who reads it. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Whether colours are wanted: a terminal, and no NO_COLOR. */
  readonly colours: boolean;
  readonly columns: number;
  /** The stream itself, for what draws on a terminal. */
  readonly stream: NodeJS.WriteStream;
}

export interface SandboxOptions {
  readonly speed: number;
  readonly seed: string;
  readonly dir: string;
  /** Names of the faults that are on from the start. */
  readonly faults: readonly string[];
  readonly clients: SandboxClients;
  /** Other people who build and update in it. */
  readonly packagers: number;
  readonly scenario?: { readonly file: string; readonly scenario: Scenario };
}

/** Which koji, bodhi and fedpkg a sandbox offers. */
export type SandboxClients = 'real' | 'stand-ins';

/** A fault that a sandbox knows by name, and what becomes of a run of `single-build` with it. */
export interface SandboxFault {
  readonly name: string;
  /** Where it sits; the charge may be another's. */
  readonly system: string;
  readonly says: string;
  readonly outcome: string;
  /** Null where the run passes. */
  readonly charge: string | null;
}

/** A sandbox that runs somewhere: as our child, or joined. */
export interface SandboxHandle extends AsyncDisposable {
  readonly control: string;
  /** Its environment file, YAML. */
  readonly environment: string;
  /** Resolves when it is gone for ever although nobody asked it to. */
  readonly ended: Promise<void>;
}

/** The real world as the commands see it; `main.ts` makes it. Each part is loaded when it is first asked for. */
export interface Host {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Output;
  readonly stderr: Output;
  ids(): Promise<Ids>;
  /** The folder of the installed package: its probes and its configuration. */
  readonly packageDir: string;
  /** How this program is called, for hints: `packprobe` or `npx packprobe`. */
  readonly program: string;
  readText(file: string): Promise<string>;
  writeText(file: string, text: string): Promise<void>;
  /** The whole new text or the old: whoever reads the file meanwhile never sees a part. */
  replaceText(file: string, text: string): Promise<void>;
  /** The numbers of one run as Prometheus reads them, and where a Pushgateway keeps them. */
  runMetrics(run: FinishedRun): Promise<{ readonly text: string; pushAddress(gateway: string): string }>;
  exists(file: string): Promise<boolean>;
  listFiles(dir: string): Promise<readonly string[]>;
  actions(): Promise<ReadonlyMap<string, Action>>;
  openStore(file: string): Promise<Store>;
  openClock(definition?: Environment['clock']): Promise<Clock>;
  openHttp(contact: string): Promise<Http>;
  openLog(file: string, level: string, where?: 'file' | 'alarms_on_stderr'): Promise<Logger>;
  sources(environment: Environment, http: Http, clock: Clock): Promise<readonly Source[]>;
  workplaces(dataDir: string): Promise<Workplaces>;
  versionsOf(
    commands: readonly string[],
    exec: Exec,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>;
  owner(): Promise<Owner>;
  /** @param othersAreDead whether somebody knows that processes on other hosts, which cannot be seen, are dead */
  isAlive(othersAreDead?: boolean): Promise<(owner: Owner) => boolean>;
  endSurvivors(): Promise<CloseOptions['endSurvivors']>;
  sandboxFaults(): Promise<readonly SandboxFault[]>;
  /** The real commands of this host that a sandbox can use: absolute paths by name, and the names without one. */
  realClients(): Promise<{
    readonly found: Readonly<Record<string, string>>;
    readonly missing: readonly string[];
  }>;
  /** Starts a sandbox as a child that ends with us, whatever becomes of us. */
  startSandbox(options: SandboxOptions): Promise<SandboxHandle>;
  joinSandbox(control: string): Promise<SandboxHandle>;
  /** Whether a sandbox has ended; one that is only slow has not. */
  isSandboxGone(control: string): Promise<boolean>;
  /** Runs a sandbox in this process until the signal aborts. */
  serveSandbox(
    options: SandboxOptions,
    ready: (control: string, environment: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Serves until it is told to leave. */
  serve(parts: ServeParts): Promise<void>;
  /** Calls back at each SIGINT and SIGTERM, with its name, until disposed. */
  onStop(act: (signal: string) => void): Disposable;
  /** Calls back at each SIGHUP until disposed. */
  onHangUp(act: () => void): Disposable;
  /** Resolves when standard input closes. */
  stdinClosed(): Promise<void>;
  /** Repeats on real time until disposed: for what is drawn on a terminal. */
  repeat(everyMs: number, act: () => void): Promise<Disposable>;
  /** Ends the process at once. */
  exit(code: number): never;
}

/** Exit codes of all commands. */
export const EXIT = { passed: 0, failed: 1, usage: 2, errored: 3, cancelled: 130 } as const;
