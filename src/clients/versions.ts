import type { Exec } from '../core/ports.ts';

/** How each command tells its version, and where in its output it stands. `koji version` also asks the hub: a command that names only itself. */
const ASKED: ReadonlyMap<string, { readonly args: readonly string[]; readonly pattern: RegExp }> = new Map(
  Object.entries({
    git: { args: ['--version'], pattern: /git version (\S+)/ },
    fedpkg: { args: ['--version'], pattern: /(\d[\w.]*)/ },
    'fedpkg-stage': { args: ['--version'], pattern: /(\d[\w.]*)/ },
    centpkg: { args: ['--version'], pattern: /(\d[\w.]*)/ },
    koji: { args: ['version'], pattern: /Client: (\S+)/ },
    bodhi: { args: ['--version'], pattern: /(\d[\w.]*)/ },
  }),
);

/** Commands that are used without a step saying so: what a packager command started is taken away by another. */
const COMPANIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    fedpkg: ['koji'],
    'fedpkg-stage': ['koji'],
    centpkg: ['koji'],
  }),
);

/** Versions of the commands that are known to tell one; what does not answer is left out. */
export async function versionsOf(
  commands: readonly string[],
  exec: Exec,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const known: Record<string, string> = {};
  for (const file of new Set(commands.flatMap((command) => [command, ...(COMPANIONS.get(command) ?? [])]))) {
    const ask = ASKED.get(file);
    if (ask === undefined) continue;
    try {
      const { stdout, stderr } = await exec({ file, args: ask.args, limitMs: 20_000 }, signal);
      const version = ask.pattern.exec(stdout)?.[1] ?? ask.pattern.exec(stderr)?.[1];
      if (version !== undefined) known[file] = version;
    } catch {
      // A command that is missing is told by the step that needs it.
    }
  }
  return known;
}
