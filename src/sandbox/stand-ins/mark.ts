/** Second line of every command that a sandbox writes: who looks for the real ones must not take it for one. */
export const WRITTEN_BY_SANDBOX = '# written by a packprobe sandbox';
