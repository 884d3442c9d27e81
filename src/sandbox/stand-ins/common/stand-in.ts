/** How a command ended, as its caller sees it. */
export interface Finished {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What only a caller that watches the command needs: its output as it comes, and a way to interrupt it. */
export interface Watcher {
  /** Called with each piece, which is also part of what is returned at the end. */
  readonly stdout?: (text: string) => void;
  readonly stderr?: (text: string) => void;
  /** An abort is what SIGINT is to the real command: waits end and the command says what is still running. */
  readonly signal?: AbortSignal;
  /** The next line of standard input, undefined at its end; without it the input is closed. */
  readonly readLine?: () => Promise<string | undefined>;
}

/** A command of the packager as a function: nothing of the process is read but files and what is given here. */
export type StandIn = (
  argv: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  watcher?: Watcher,
) => Promise<Finished>;

/** Ends a command from anywhere inside, with its exit code. What it has to say was said before. */
export class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The caller aborted: the command's own habit on Ctrl-C decides what follows. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
  }
}

/** One running command: where it stands, what it says, how long it waits. */
export interface Run {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** A line on standard output. */
  print(line: string): void;
  /** A line on standard error. */
  warn(line: string): void;
  /** Text as it is, without an added line end. */
  write(to: 'stdout' | 'stderr', text: string): void;
  /** The next line of standard input; undefined where it is closed. */
  readLine(): Promise<string | undefined>;
  /** Real time: the commands know no other. Throws {@link Interrupted}. */
  sleep(seconds: number): Promise<void>;
}

/** Makes a stand-in of a body: collects its output and turns its {@link Exit} into an exit code. */
export function standIn(body: (run: Run) => Promise<number>): StandIn {
  return async (argv, cwd, env, watcher = {}) => {
    const said = { stdout: '', stderr: '' };
    const signal = watcher.signal ?? new AbortController().signal;
    const write = (to: 'stdout' | 'stderr', text: string) => {
      said[to] += text;
      watcher[to]?.(text);
    };
    const run: Run = {
      argv,
      cwd,
      env,
      signal,
      write,
      print: (line) => write('stdout', `${line}\n`),
      warn: (line) => write('stderr', `${line}\n`),
      readLine: watcher.readLine ?? (async () => undefined),
      sleep: (seconds) => pause(seconds, signal),
    };
    const exit = await body(run).catch((error: unknown) => {
      if (error instanceof Exit) return error.code;
      if (error instanceof Interrupted) return 130;
      throw error;
    });
    return { exit, ...said };
  };
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Interrupted());
      return;
    }
    const interrupt = () => {
      clearTimeout(timer);
      reject(new Interrupted());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupt);
      resolve();
    }, seconds * 1000);
    signal.addEventListener('abort', interrupt, { once: true });
  });
}

/** The home of the command's user; everything personal is read below it. */
export function home(run: Pick<Run, 'env'>): string {
  return run.env['HOME'] ?? '/';
}
