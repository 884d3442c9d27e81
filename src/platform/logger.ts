import { renameSync, statSync } from 'node:fs';
import { type DestinationStream, type Level, pino, stdTimeFunctions } from 'pino';
import { Fault } from '../core/fault.ts';
import type { Logger } from '../core/ports.ts';

export interface LoggerOptions {
  readonly level: string;
  /** File descriptor, or a path that is appended to. */
  readonly to: number | string;
  /** Where warnings and errors go, too: a file descriptor. */
  readonly alarms?: number;
  /** So large a file is renamed to `….1`, in the place of the one before, and a new one begun. @defaultValue 32 MiB */
  readonly mostBytes?: number;
}

const MOST_BYTES = 32 * 1024 * 1024;

/** One JSON object a line. Errors pass our own serializer: those of libraries carry outputs and requests in their fields. */
export function pinoLogger({ level, to, alarms, mostBytes = MOST_BYTES }: LoggerOptions): Logger {
  const open = (dest: number | string) => {
    const destination = pino.destination({ dest, sync: true, mkdir: true, mode: 0o600 });
    // A disk that is full takes no log: that must not end the run, whose journal will say it.
    destination.on('error', () => {});
    return typeof dest === 'string' ? turnedOver(destination, dest, mostBytes) : destination;
  };
  const stream =
    alarms === undefined
      ? open(to)
      : pino.multistream([
          { stream: open(to), level: level as Level },
          { stream: open(alarms), level: 'warn' },
        ]);
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
    },
    stream,
  );
}

/** A service that runs for months fills no disk with what it says. Several writers, also of other processes, may share one file. */
function turnedOver(
  destination: ReturnType<typeof pino.destination>,
  file: string,
  mostBytes: number,
): DestinationStream {
  const find = () => statSync(file, { throwIfNoEntry: false });
  let ours = find()?.ino;

  function look(): void {
    const there = find();
    if (there !== undefined && there.ino === ours && there.size < mostBytes) return;
    // Where it is another file now, somebody else has turned it over.
    if (there !== undefined && there.ino === ours) renameSync(file, `${file}.1`);
    destination.reopen();
    ours = find()?.ino;
  }

  return {
    write(line) {
      try {
        look();
      } catch {
        // It grows on, and is tried again with the next line.
      }
      destination.write(line);
    },
  };
}

function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    name: error.name,
    message: error.message,
    // A Fault says what happened and what to do; of all else it has to be found where it came from.
    ...(error instanceof Fault
      ? { code: error.code, kind: error.kind, system: error.system, hint: error.hint }
      : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  };
}
