import { tmpdir } from 'node:os';
import type { Logger } from '../../src/core/ports.ts';
import type { ChannelOptions } from '../../src/notify/channel-options.ts';
import { openClock } from '../../src/platform/clock.ts';
import { processExec } from '../../src/platform/exec.ts';
import { nodeHttp } from '../../src/platform/http.ts';

/** What channels get of the real world; secrets are those of the test, by the name of their variable. */
export function channelOptions(
  secrets: Readonly<Record<string, string>> = {},
  changes: Partial<ChannelOptions> = {},
): ChannelOptions {
  return {
    http: nodeHttp({ userAgent: 'packprobe/test' }),
    exec: processExec({ environment: { PATH: process.env['PATH'] ?? '' }, cwd: tmpdir() }),
    clock: openClock(),
    hostTime: (_, epochMs) => epochMs,
    secret: async (secret) => ('env' in secret ? (secrets[secret.env] ?? '') : ''),
    url: undefined,
    log: quiet,
    ...changes,
  };
}

const quiet: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => quiet,
};
