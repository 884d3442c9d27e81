import { type Level, pino, stdTimeFunctions } from 'pino';
import { Fault } from '../core/fault.ts';
import type { Logger } from '../core/ports.ts';

export interface LoggerOptions {
  readonly level: string;
  /** File descriptor, or a path that is appended to. */
  readonly to: number | string;
  /** Where warnings and errors go, too: a file descriptor. */
  readonly alarms?: number;
}

/** One JSON object a line. Errors pass our own serializer: those of libraries carry outputs and requests in their fields. */
export function pinoLogger({ level, to, alarms }: LoggerOptions): Logger {
  const open = (dest: number | string) => {
    const destination = pino.destination({ dest, sync: true, mkdir: true, mode: 0o600 });
    // A disk that is full takes no log: that must not end the run, whose journal will say it.
    destination.on('error', () => {});
    return destination;
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

function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    name: error.name,
    ...(error instanceof Fault ? { code: error.code, kind: error.kind, system: error.system } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  };
}
