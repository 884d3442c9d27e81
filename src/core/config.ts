import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { type Environment, environmentSchema, secret } from './environment.ts';
import { objective, positiveDuration, scheduleSchema, timeZone } from './probe.ts';
import { judge } from './schema-faults.ts';
import { SYSTEMS } from './system.ts';
import { readYaml } from './yaml-document.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower case letters, digits and dashes');
const address = z.string().regex(/^https?:\/\/[^\s@]+$/, 'an http or https address without a login in it');
const systemNames = z
  .array(z.enum(SYSTEMS))
  .min(1)
  .optional()
  .describe('Only of these systems. Left out, of all.');
const environmentNames = z
  .array(name)
  .min(1)
  .optional()
  .describe('Only of these environments. Left out, of all.');
const about = { environments: environmentNames, systems: systemNames } as const;

const path = z.string().min(1);

const listen = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address that the HTTP server listens on.'),
  port: z.int().min(0).max(65_535).default(9842).describe('Its port; 0 takes any that is free.'),
  tls: z
    .strictObject({ certificate: path, key: path })
    .optional()
    .describe('PEM files. Left out, it speaks plain HTTP.'),
  tokens: z
    .record(name, secret)
    .default({})
    .describe('Who may start, cancel, pause and acknowledge over HTTP: a bearer token for each name.'),
  url: address
    .optional()
    .describe('How others reach it, for links in messages. Left out, messages carry no links to it.'),
});

const limits = {
  max_runs: z.int().min(1).max(1000).optional().describe('Runs that go there at the same time.'),
};

const schedule = z.strictObject({
  max_runs: z.int().min(1).max(1000).default(20).describe('Runs that go at the same time.'),
  systems: z
    .partialRecord(z.enum(SYSTEMS), z.int().min(1).max(1000))
    .default({})
    .describe('Runs that go at the same time among those with a step of this system.'),
  min_interval: positiveDuration
    .prefault('5m')
    .describe('Shortest time between two starts of one probe, whatever its file says.'),
  catch_up: z
    .enum(['one', 'none'])
    .default('one')
    .describe('What becomes of due times that passed while the service was down.'),
});

/** When failures become an incident that people are told about. */
const openRule = z.discriminatedUnion('when', [
  z.strictObject({
    when: z
      .literal('confirmed')
      .describe('A second run, of `confirm_with` or of the probe itself, fails, too.'),
  }),
  z.strictObject({
    when: z.literal('in_a_row').describe('So many runs in a row fail.'),
    count: z.int().min(1).max(100),
  }),
  z
    .strictObject({
      when: z.literal('of_last').describe('So many of the last runs fail.'),
      failed: z.int().min(1).max(100),
      of: z.int().min(1).max(1000),
    })
    .check(({ value, issues }) => {
      if (value.failed <= value.of) return;
      const message = `at most \`of\`, ${value.of}: more can never have failed`;
      issues.push({ code: 'custom', path: ['failed'], input: value.failed, message });
    }),
]);

const ruleParts = {
  open: openRule.describe('When failures become an incident.'),
  resolve_after: z.int().min(1).max(100).describe('Good runs in a row that end it.'),
  remind_every: positiveDuration.describe('While it is open and nobody acknowledged it.'),
  changes: z.int().min(2).max(100).describe('So many times it came back …'),
  within: positiveDuration.describe('… within this time: told as one that flaps.'),
} as const;

const incidentRules = z.strictObject({
  open: ruleParts.open.prefault({ when: 'confirmed' }),
  resolve_after: ruleParts.resolve_after.default(1),
  remind_every: ruleParts.remind_every.prefault('1d'),
  flapping: z
    .strictObject({
      changes: ruleParts.changes.default(3),
      within: ruleParts.within.prefault('12h'),
    })
    .prefault({}),
});

export type IncidentRules = z.output<typeof incidentRules>;

/** Without defaults: what is left out here is as it is for all. */
const systemRules = z.strictObject({
  open: ruleParts.open.optional(),
  resolve_after: ruleParts.resolve_after.optional(),
  remind_every: ruleParts.remind_every.optional(),
  flapping: z
    .strictObject({ changes: ruleParts.changes.optional(), within: ruleParts.within.optional() })
    .optional(),
});

/** The part of the configuration that says when people are told; also what `replay --rules` reads. */
export const incidentsSchema = incidentRules.extend({
  systems: z.partialRecord(z.enum(SYSTEMS), systemRules).default({}).describe('What differs for one system.'),
});

export type IncidentsConfig = z.output<typeof incidentsSchema>;

const retention = z.strictObject({
  runs: positiveDuration.prefault('400d').describe('Runs with their steps, faults and timelines.'),
  evidence: positiveDuration.prefault('90d').describe('Reports of events and outputs of commands.'),
  work: positiveDuration.prefault('7d').describe('Work folders of runs that did not pass.'),
  rollups: positiveDuration.prefault('3650d').describe('Daily totals, which uptime over years is made of.'),
});

const metrics = z.strictObject({
  step_histograms: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Durations by step, the largest part of all series; hops and the store keep the truth.'),
  otlp: z
    .strictObject({
      url: address.describe('Base address of an OTLP/HTTP collector, such as `http://localhost:4318`.'),
      headers: z.record(z.string(), secret).default({}).describe('Such as an authorization header.'),
      traces: z.boolean().default(true),
      metrics: z.boolean().default(true),
      interval: positiveDuration.prefault('1m').describe('Between two exports of metrics.'),
    })
    .optional()
    .describe('Traces and metrics for OpenTelemetry. Left out, nothing of it is loaded.'),
});

const TIME_OF_DAY = 'a time of day such as `22:00`';
const timeOfDay = z.string(TIME_OF_DAY).regex(/^([01]\d|2[0-3]):[0-5]\d$/, TIME_OF_DAY);

const quietHours = z
  .strictObject({
    from: timeOfDay,
    to: timeOfDay,
    time_zone: timeZone,
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .optional()
      .describe('Days on which they begin. Left out, every day.'),
  })
  .optional()
  .describe('When this receiver is not told: what is still true then is told afterwards.');

const quiet = { quiet_hours: quietHours } as const;

const SERVER = 'a mail server such as `mail.example.org:587`';

function isServer(text: string): boolean {
  const [, port = '25'] = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d+))?$/i.exec(text) ?? [text, '0'];
  return Number(port) >= 1 && Number(port) <= 65_535;
}

const receiver = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('alertmanager'),
    url: address.describe('Such as `http://localhost:9093`.'),
    token: secret.optional().describe('Sent as a bearer token.'),
    ...about,
    ...quiet,
  }),
  z.strictObject({
    kind: z.literal('mail'),
    server: z
      .string(SERVER)
      .refine(isServer, SERVER)
      .describe(
        'Mail server, `HOST:PORT`. Port 465 speaks TLS from the start; without a port it is 25, which many networks close: a server that wants a login mostly listens on 587.',
      ),
    tls: z.enum(['required', 'if_offered']).default('if_offered').describe('STARTTLS on other ports.'),
    from: z.email('a mail address'),
    to: z.array(z.email('a mail address')).min(1),
    user: z.string().min(1).optional(),
    password: secret.optional(),
    ...about,
    ...quiet,
  }),
  z.strictObject({
    kind: z.literal('webhook'),
    url: z.union([address, secret], 'an http or https address, or `{file: PATH}` or `{env: NAME}` of one'),
    token: secret.optional().describe('Sent as a bearer token.'),
    signature: secret.optional().describe('Key that every body is signed with (HMAC-SHA256).'),
    runs: z.boolean().default(false).describe('Every run and step, too, not incidents alone.'),
    ...about,
    ...quiet,
  }),
  z.strictObject({
    kind: z.literal('command'),
    command: z
      .array(z.string().min(1))
      .min(1)
      .describe('Argument list; the message is its standard input, as JSON.'),
    runs: z.boolean().default(false).describe('Every run and step, too, not incidents alone.'),
    ...about,
    ...quiet,
  }),
  z.strictObject({
    kind: z.literal('matrix'),
    homeserver: address,
    room: z.string().regex(/^[!#].+:.+$/, 'a room such as `#infra:example.org`'),
    token: secret,
    ...about,
    ...quiet,
  }),
  z.strictObject({
    kind: z.literal('ticket'),
    forge: z.enum(['pagure', 'forgejo', 'gitlab']),
    url: address,
    project: z.string().min(1).describe('Such as `infra/tickets`.'),
    token: secret,
    ...about,
    ...quiet,
  }),
]);

export type Receiver = z.output<typeof receiver>;

const INSTANT = 'a time in UTC such as `2026-12-01T08:00Z`';

/** A moment, written in UTC. */
export const instant = z
  .string(INSTANT)
  .regex(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?Z$/, INSTANT);

/** What becomes of runs in a period of the calendar. */
const treatment = z.enum(['skip', 'leave_out', 'count']);
const TREATMENTS =
  '`skip`: not started; `leave_out`: run, marked and left out of uptime; `count`: as always.';

const calendarKinds = z.strictObject({
  outage: treatment.default('leave_out'),
  maintenance: treatment.default('skip'),
  freeze: treatment.default('count'),
  mass_rebuild: treatment.default('leave_out'),
  branching: treatment.default('skip'),
});

const calendarEntry = z
  .strictObject({
    kind: calendarKinds.keyof().describe('What it is.'),
    from: instant,
    to: instant,
    runs: treatment.optional().describe(`${TREATMENTS} Left out, what \`calendar.kinds\` says.`),
    note: z.string().min(1).optional().describe('For people.'),
    link: address.optional().describe('Where it was announced.'),
    ...about,
  })
  .check(({ value, issues }) => {
    // All are UTC in one form, so that they sort as text.
    if (value.to.slice(0, 16) > value.from.slice(0, 16)) return;
    issues.push({
      code: 'custom',
      path: ['to'],
      input: value.to,
      message: `a time after \`from\`, ${value.from}`,
    });
  });

const LEAST_POLL_MS = 60_000;

const feed = {
  url: address,
  poll: positiveDuration
    .refine(
      (ms) => ms >= LEAST_POLL_MS,
      'at least `1m`: no calendar changes more often, and its server is not ours',
    )
    .prefault('10m')
    .describe('Pause between two looks, at least a minute.'),
  runs: treatment.optional().describe(`${TREATMENTS} Left out, what \`calendar.kinds\` says.`),
  ...about,
} as const;

/** Where periods are told by others. */
const calendarFeed = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('icalendar'),
    periods: calendarKinds.keyof().default('outage').describe('What its events are.'),
    ...feed,
  }),
  z.strictObject({ kind: z.literal('status_page').describe('The JSON of Fedora status.'), ...feed }),
]);

export type CalendarFeed = z.output<typeof calendarFeed>;

const calendar = z.strictObject({
  kinds: calendarKinds.prefault({}).describe(`What becomes of runs by kind. ${TREATMENTS}`),
  entries: z.array(calendarEntry).default([]).describe('Periods that are known beforehand.'),
  feeds: z
    .record(name, calendarFeed)
    .default({})
    .describe('Calendars and status pages that tell of more, by name.'),
});

const probeOverrides = z.strictObject({
  enabled: z.boolean().default(true).describe('False: `serve` does not run it.'),
  schedule: scheduleSchema.optional().describe('Instead of that of the probe file.'),
  objective: objective.optional().describe('Instead of that of the probe file.'),
  package: z.string().min(1).optional().describe('Instead of that of the probe file.'),
  branch: z.string().min(1).optional().describe('Instead of that of the probe file.'),
  params: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()], 'text, a number or true or false'))
    .default({})
    .describe('Parameters of the probe, as `--set` gives them to `run`.'),
});

/** The service's own configuration, `config/packprobe.yaml`; every part has a default. */
export const configSchema = z.strictObject({
  listen: listen.prefault({}).describe('Where `serve` answers over HTTP.'),
  schedule: schedule.prefault({}).describe('Limits of the scheduler.'),
  retention: retention.prefault({}).describe('How long data is kept.'),
  metrics: metrics.prefault({}).describe('What `/metrics` shows, and where else it goes.'),
  incidents: incidentsSchema.prefault({}).describe('When people are told.'),
  runbooks: z
    .string()
    .min(1)
    .default('docs/runbooks')
    .describe('Folder or address of the runbooks, for messages: `SYSTEM.md` is below it.'),
  dead_man: z
    .strictObject({
      url: z.union([address, secret], 'an http or https address, or `{file: PATH}` or `{env: NAME}` of one'),
      every: positiveDuration.prefault('1m').describe('Between two calls.'),
    })
    .optional()
    .describe('Called after each good cycle: whoever is there raises the alarm when it falls silent.'),
  receivers: z.record(name, receiver).default({}).describe('Who is told about incidents, by name.'),
  calendar: calendar.prefault({}).describe('Outages, freezes, mass rebuilds and branchings.'),
  environments: z
    .record(
      name,
      z.strictObject({
        ...limits,
        probes: z
          .record(name, probeOverrides)
          .default({})
          .describe('The probes that `serve` runs there, by name.'),
      }),
    )
    .default({})
    .describe('What `serve` runs, by environment, and what wins over the probe files.'),
});

export type Config = z.output<typeof configSchema>;

/** Reads the service's configuration. Throws a ConfigError with all that is wrong. */
export function readConfig(file: string, text: string): Config {
  return readConfigFile(configSchema, file, text);
}

/** Reads an environment file. Throws a ConfigError with all that is wrong. */
export function readEnvironment(file: string, text: string): Environment {
  return readConfigFile(environmentSchema, file, text);
}

/** Reads a file by its schema. Throws a ConfigError with all that is wrong. */
export function readConfigFile<Schema extends z.ZodType>(
  schema: Schema,
  file: string,
  text: string,
): z.output<Schema> {
  const document = readYaml(file, text);
  if (document.broken) throw new ConfigError(document.faults);
  // An empty file is a mapping without keys.
  const { value, faults } = judge(schema, { document, value: document.value ?? {} });
  const all = [...document.faults, ...faults];
  if (value === undefined || all.length > 0) throw new ConfigError(all);
  return value;
}
