import type { Fault } from '../core/fault.ts';
import { runCancelled } from '../engine/limits.ts';
import { dataOption } from './data-option.ts';
import { EXIT, type Host } from './host.ts';
import type { PlaceOptions } from './places.ts';

export interface Stop extends Disposable {
  /** Aborts with a Fault of kind `cancelled` at the first signal. */
  readonly signal: AbortSignal;
  /** Stops for another reason than a signal. */
  stop(reason: Fault): void;
  /** Where what there is to say is said from now on. */
  tellThrough(say: (text: string) => void): void;
}

/** Ctrl-C once stops cleanly, twice at once. */
export function stopOnSignal(host: Host, options: PlaceOptions): Stop {
  const controller = new AbortController();
  let say = (text: string) => host.stderr.write(`${text}\n`);
  const subscription = host.onStop((signal) => {
    if (controller.signal.aborted) {
      host.stderr.write(
        `\nleft at once; what the run made may still be there: \`${host.program} tidy${dataOption(options)}\` takes it away\n`,
      );
      host.exit(EXIT.cancelled);
    }
    controller.abort(runCancelled(signal));
    say('stopping: what the run made is undone first (a second Ctrl-C leaves at once) …');
  });
  return {
    signal: controller.signal,
    stop: (reason) => controller.abort(reason),
    tellThrough: (write) => {
      say = write;
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}
