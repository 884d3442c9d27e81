import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { REAL_CLIENTS } from '../../src/platform/real-clients.ts';
import { ROOT } from './sources.ts';

/** Things of the host that some tests need, and how to find out whether they are there. */
const TOOLS = {
  alertmanager: () => execFileSync('prometheus-alertmanager', ['--version'], { stdio: 'ignore' }),
  /** The packager's real commands, installed by `npm run clients` or otherwise. */
  clients: () => {
    const env = { ...process.env, PATH: `${process.env['PATH']}:${join(ROOT, '.clients/bin')}` };
    for (const name of REAL_CLIENTS) {
      execFileSync('sh', ['-c', `command -v ${name}`], { env, stdio: 'ignore' });
    }
  },
  /** The right to mount a small file system. */
  mount: () => {
    const folder = mkdtempSync(join(tmpdir(), 'packprobe-mount-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
      execFileSync('umount', [folder], { stdio: 'ignore' });
    } finally {
      rmdirSync(folder);
    }
  },
  openssl: () => execFileSync('openssl', ['version'], { stdio: 'ignore' }),
  prometheus: () => execFileSync('prometheus', ['--version'], { stdio: 'ignore' }),
  pushgateway: () => execFileSync('prometheus-pushgateway', ['--version'], { stdio: 'ignore' }),
  promtool: () => execFileSync('promtool', ['--version'], { stdio: 'ignore' }),
  rpm: () => execFileSync('rpm', ['--version'], { stdio: 'ignore' }),
  tmux: () => execFileSync('tmux', ['-V'], { stdio: 'ignore' }),
  zsh: () => execFileSync('zsh', ['--version'], { stdio: 'ignore' }),
  fish: () => execFileSync('fish', ['--version'], { stdio: 'ignore' }),
} as const;

/** Where all tools are promised to be there, a missing one fails its tests instead of skipping them. */
const ALL_ARE_PROMISED = process.env['PACKPROBE_TEST_ALL_TOOLS'] === '1';

function isThere(tool: keyof typeof TOOLS): boolean {
  try {
    TOOLS[tool]();
    return true;
  } catch {
    return false;
  }
}

/** A test that needs a tool of the host; without it, it is skipped and named in the closing lines. */
export function withTool(tool: keyof typeof TOOLS, title: string, body: () => Promise<void>): void {
  const skipped = !ALL_ARE_PROMISED && !isThere(tool);
  test.skipIf(skipped)(skipped ? `${title} (needs ${tool})` : title, body);
}
