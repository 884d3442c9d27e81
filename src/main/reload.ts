import { statSync } from 'node:fs';
import type { ServiceConfig } from '../cli/serve.ts';
import type { Clock, Logger } from '../core/ports.ts';
import type { Loop } from '../service/service.ts';

/** How often files are looked at for changes: a mounted configuration changes without a signal. Milliseconds of the host. */
const LOOK_MS = 5000;

export interface ReloadOptions {
  current(): ServiceConfig;
  load(): Promise<ServiceConfig>;
  /** Takes the new one into use. */
  use(next: ServiceConfig): Promise<void>;
  /** Told of every try. */
  tried(ok: boolean): void;
  /** Calls back at SIGHUP until disposed. */
  onHangUp(act: () => void): Disposable;
  readonly clock: Clock;
  readonly log: Logger;
  readonly say: (text: string) => void;
}

/** Reads the files anew at SIGHUP, or when one of them has changed. What is wrong is refused as a whole and said; what was read before stays. */
export function reloading(options: ReloadOptions): Loop {
  const { current, load, use, tried, clock, log, say } = options;

  /** What was wrong when it was last tried. */
  let refused: string | undefined;
  // Of what was read: whoever waits for another packprobe to leave may wait for days, and serves what the files say then.
  let seen = stampOf(current().files);

  /** One that is tried again by itself says nothing as long as it is refused for the same reason. */
  async function reload(quietly: boolean): Promise<void> {
    try {
      await use(await load());
      tried(true);
      refused = undefined;
      log.info({ environments: current().sites.length }, 'the configuration was read anew');
      say('the configuration was read anew');
    } catch (error) {
      tried(false);
      const message = error instanceof Error ? error.message : String(error);
      if (quietly && message === refused) return;
      refused = message;
      // An operator reads the text below, which stands where warnings do.
      log.info({ err: error }, 'the configuration was refused, the old one stays');
      say(`${message}\nThe old configuration stays.`);
    }
  }

  return {
    name: 'configuration',
    component: 'scheduler',
    async run(signal) {
      let asked = false;
      let wake = new AbortController();
      using _hangUp = options.onHangUp(() => {
        asked = true;
        wake.abort();
      });
      for (let first = true; !signal.aborted; first = false) {
        wake = new AbortController();
        const stop = AbortSignal.any([signal, wake.signal]);
        if (!asked && !first) await clock.sleep(LOOK_MS, stop).catch(() => {});
        if (signal.aborted) return;
        const { files } = current();
        const stamp = stampOf(files);
        const again = !asked && stamp === seen;
        // What a refused one lacks may be a file that nobody knows of yet.
        if (again && refused === undefined) continue;
        asked = false;
        await reload(again);
        // What changes while it is read has to be read once more.
        seen = sameFiles(files, current().files) ? stamp : stampOf(current().files);
      }
    },
  };
}

function sameFiles(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((file, at) => file === other[at]);
}

/**
 * Changes when one of the files does: by its inode, too, for a mounted configuration is exchanged as a whole. Asked in place: each way through the
 * pool of threads costs an idle service ten times as much as the answer.
 */
function stampOf(files: readonly string[]): string {
  const stamps = files.map((file) => {
    try {
      const known = statSync(file, { throwIfNoEntry: false });
      return known === undefined ? `${file} gone` : `${file} ${known.mtimeMs} ${known.size} ${known.ino}`;
    } catch {
      return `${file} gone`;
    }
  });
  return stamps.join('\n');
}
