import type { Host, SandboxClients } from './host.ts';
import { UsageError } from './usage-error.ts';

/** What `--clients` takes; left out, it is `auto`. */
export const CLIENT_CHOICES = ['real', 'stand-ins', 'auto'] as const;

export interface ClientsOptions {
  readonly clients?: (typeof CLIENT_CHOICES)[number];
}

interface Place {
  readonly env?: string;
  readonly url?: string;
}

/** Refuses `--clients` where no sandbox of our own is started. */
export function assertClientsFit({ clients, env, url }: ClientsOptions & Place, { program }: Host): void {
  if (clients === undefined) return;
  if (url !== undefined) {
    throw new UsageError(
      '--clients cannot change a sandbox that is joined',
      `It was chosen when that one was started: \`${program} sandbox --clients ${clients}\`.`,
    );
  }
  if (env !== undefined && env !== 'sandbox') {
    throw new UsageError(
      `--clients is for a sandbox; in the environment ${env} the commands of this host are used`,
      'Use --env sandbox, or leave --clients out.',
    );
  }
}

/** Real commands or stand-ins, told on standard error where it was not said. A mixture would be neither: all real ones or none. */
export async function chosenClients(
  { clients = 'auto' }: ClientsOptions,
  host: Host,
): Promise<SandboxClients> {
  if (clients === 'stand-ins') return 'stand-ins';
  const { found, missing } = await host.realClients();
  if (missing.length > 0 && clients === 'real') {
    throw new UsageError(
      `there is no ${missing.join(' and no ')} on this host`,
      'In a checkout `npm run clients` installs them; elsewhere install koji, bodhi-client and fedpkg, or leave --clients out.',
    );
  }
  host.stderr.write(
    missing.length === 0
      ? `clients: real ones: ${Object.values(found).join(', ')}\n`
      : `clients: stand-ins of koji, bodhi and fedpkg (not on this host: ${missing.join(', ')})\n`,
  );
  return missing.length === 0 ? 'real' : 'stand-ins';
}
