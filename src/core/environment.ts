import { z } from 'zod';
import { duration } from './duration.ts';
import { Fault } from './fault.ts';
import type { System } from './system.ts';

const url = z.string().regex(/^https?:\/\/[^\s@]+$/, 'an http or https address without a login in it');
const poll = duration.optional().describe('Pause between two looks, such as `30s`.');

/** What is said where a secret is missing or written out; a value refused with these words is never repeated in a message. */
export const SECRET_EXPECTED = '`{file: PATH}` or `{env: NAME}`; a secret is never written out';

/** A secret is never written out: it is a file or an environment variable. */
export const secret = z
  .union(
    [z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
    SECRET_EXPECTED,
  )
  .describe('`{file: PATH}` or `{env: NAME}`; a secret written out is a fault.');

export type Secret = z.output<typeof secret>;

const systems = z.strictObject({
  fas: z
    .strictObject({
      krb5_config: z
        .string()
        .optional()
        .describe('A krb5.conf for `kinit`, where the host has none for this realm.'),
    })
    .optional()
    .describe('Login. The realm is that of `identity.principal`.'),
  'dist-git': z
    .strictObject({
      url: url.describe('Where repositories are read, such as `https://src.fedoraproject.org`.'),
      namespace: z.string().default('rpms').describe('Folder of the packages.'),
      client: z
        .string()
        .default('fedpkg')
        .describe('The packager command: `fedpkg`, `fedpkg-stage`, `centpkg`.'),
    })
    .optional()
    .describe('Package sources in git.'),
  lookaside: z
    .strictObject({ url: url.describe('Download root, such as `https://src.fedoraproject.org/repo/pkgs`.') })
    .optional()
    .describe('Source tarballs.'),
  forge: z
    .strictObject({ kind: z.enum(['pagure', 'forgejo', 'gitlab']), url, poll })
    .optional()
    .describe('Pull requests.'),
  koji: z
    .strictObject({
      url: url.describe('The hub, such as `https://koji.fedoraproject.org/kojihub`.'),
      web: url.optional().describe('The web pages, for links.'),
      profile: z
        .string()
        .default('koji')
        .describe('Section of the Koji configuration that the commands use.'),
      auth: z.enum(['kerberos', 'password', 'ssl']).default('kerberos').describe('How the commands log in.'),
      poll,
    })
    .optional()
    .describe('The build system.'),
  signing: z
    .strictObject({
      user: z.string().default('autopen').describe('Who moves signed builds in Koji.'),
    })
    .optional()
    .describe('Robosignatory, seen through Koji tags.'),
  bodhi: z
    .strictObject({
      url: url.describe('Such as `https://bodhi.fedoraproject.org`.'),
      id_provider: url
        .optional()
        .describe('OpenID provider of the `bodhi` command; its own default where left out.'),
      poll,
    })
    .optional()
    .describe('Updates.'),
  ci: z
    .strictObject({
      tests: z
        .array(z.string())
        .min(1)
        .default(['fedora-ci.koji-build.tier0.functional'])
        .describe('Test cases that the distribution requires of the test package.'),
    })
    .optional()
    .describe('Fedora CI, seen through messages and results.'),
  resultsdb: z
    .strictObject({
      url: url.describe('API root, such as `https://resultsdb.fedoraproject.org/api/v2.0`.'),
      poll,
    })
    .optional()
    .describe('Test results.'),
  greenwave: z
    .strictObject({
      url: url.describe('API root, such as `https://greenwave.fedoraproject.org/api/v1.0`.'),
      poll,
    })
    .optional()
    .describe('Gating decisions.'),
  waiverdb: z
    .strictObject({
      url: url.describe('API root, such as `https://waiverdb.fedoraproject.org/api/v1.0`.'),
      poll,
    })
    .optional()
    .describe('Waivers.'),
  messaging: z
    .strictObject({
      url: z
        .string()
        .regex(/^amqps?:\/\/([^\s:@/]*:?@)?[^\s@]+$/, 'an amqp or amqps address without a password in it')
        .optional()
        .describe('AMQP address of the bus.'),
      topic_prefix: z
        .string()
        .default('org.fedoraproject.prod')
        .describe('Beginning of every topic of this environment.'),
    })
    .optional()
    .describe('The message bus.'),
  datagrepper: z
    .strictObject({
      url: url.describe('API root, such as `https://apps.fedoraproject.org/datagrepper/v2`.'),
      poll,
    })
    .optional()
    .describe('The message archive.'),
  koschei: z.strictObject({ url }).optional().describe('Rebuild watcher.'),
});

/** One environment: one set of systems. `config/environments/NAME.yaml`. */
export const environmentSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower case letters, digits and dashes')
    .describe('Name of the environment, as the file is called.'),
  clock: z
    .strictObject({
      epoch: z.number().int().nonnegative().describe('What the clock showed at `start`, epoch ms.'),
      start: z.number().nonnegative().describe('Real time at which it showed `epoch`, epoch ms.'),
      speed: z.number().positive().max(300).describe('Seconds of this environment in one real second.'),
    })
    .optional()
    .describe('Only of sandboxes: time that runs faster.'),
  systems,
  identity: z
    .strictObject({
      user: z.string().min(1).describe('Account name of the packager.'),
      principal: z
        .string()
        .regex(/^[^@\s]+@[^@\s]+$/, 'NAME@REALM')
        .describe('Kerberos principal.'),
      keytab: secret,
      ssh_key: secret.optional(),
      tokens: z.record(z.string(), secret).optional().describe('API tokens by system.'),
    })
    .describe('Who walks the workflow.'),
  packages: z
    .strictObject({
      single: z.string().optional().describe('Package of probes on one package.'),
      multi: z.array(z.string()).optional().describe('Packages of `multi-build`.'),
      waive: z.string().optional().describe('Package whose test always fails.'),
    })
    .default({})
    .describe('Test packages of this environment.'),
  limits: z
    .strictObject({
      koji_builds_per_day: z.number().int().positive().optional(),
      bytes_per_day: z
        .string()
        .regex(/^\d+(\.\d+)?\s?([KMGT]i?)?B$/, 'a size such as `1GiB`')
        .optional(),
    })
    .default({})
    .describe('What probes may use of this environment.'),
  commands: z
    .strictObject({
      path: z.array(z.string()).default([]).describe('Folders that are searched for commands before PATH.'),
    })
    .default({ path: [] })
    .describe('Where the packager commands are.'),
  contact: url.describe('Who runs this: sent with every request and written into update notes.'),
});

export type Environment = z.output<typeof environmentSchema>;
export type Systems = Environment['systems'];

/**
 * What news and ids belong to. Two sandboxes share a name, task ids and build names by accident, never the moment of their start.
 */
export function scopeOf({ name, clock }: Pick<Environment, 'name' | 'clock'>): string {
  return clock === undefined ? name : `${name}@${Math.round(clock.start)}`;
}

/** Name of the environment that a scope is of. */
export function environmentOfScope(scope: string): string {
  return scope.split('@', 1)[0] ?? scope;
}

/** The entry of a system that a step cannot do without. */
export function systemOf<Name extends System>(
  environment: Environment,
  name: Name,
): NonNullable<Systems[Name]> {
  const entry = environment.systems[name];
  if (entry === undefined) {
    throw new Fault(`environment ${environment.name} has no ${name}`, {
      code: 'SYSTEM_NOT_CONFIGURED',
      kind: 'prober',
      hint: `Add systems.${name} to the environment file, or use a probe that does without.`,
    });
  }
  return entry as NonNullable<Systems[Name]>;
}
