type Body = Readonly<Record<string, unknown>>;

/** Whom and what a message concerns: what its schema's class would tell. */
export interface Concerns {
  readonly users: readonly string[];
  readonly packages: readonly string[];
}

interface Schema {
  readonly name: string;
  readonly severity: number;
  readonly concerns: (body: Body) => { users?: readonly unknown[]; packages?: readonly unknown[] };
}

const SCHEMAS: Readonly<Record<string, Schema>> = {
  'buildsys.tag': {
    name: 'koji_fedoramessaging.tag.TagV1',
    severity: 10,
    concerns: (body) => ({ users: [body['user']], packages: [body['name']] }),
  },
  'buildsys.untag': {
    name: 'koji_fedoramessaging.tag.UntagV1',
    severity: 10,
    concerns: (body) => ({ users: [body['user']], packages: [body['name']] }),
  },
  'buildsys.build.state.change': {
    name: 'koji_fedoramessaging.build.BuildStateChangeV1',
    severity: 20,
    concerns: (body) => ({ users: [body['owner']], packages: [body['name']] }),
  },
  'buildsys.task.state.change': {
    name: 'koji_fedoramessaging.task.TaskStateChangeV1',
    severity: 20,
    concerns: (body) => ({ users: [body['owner']] }),
  },
  'git.receive': {
    name: 'git.receive',
    severity: 20,
    concerns: (body) => ({ users: [body['agent']], packages: [record(body['commit'])['repo']] }),
  },
  'pagure.git.receive': {
    name: 'pagure.git.receive',
    severity: 20,
    concerns: (body) => ({ users: [body['agent']], packages: [record(body['repo'])['name']] }),
  },
  'git.lookaside.new': {
    name: 'base.message',
    severity: 20,
    concerns: (body) => ({ users: [body['agent']], packages: [String(body['name']).split('/').at(-1)] }),
  },
};

const BASE: Schema = { name: 'base.message', severity: 20, concerns: () => ({}) };

/** Where Bodhi's schema is not called as its topic. */
const BODHI_SCHEMAS: Readonly<Record<string, string>> = {
  'bodhi.update.edit': 'bodhi.update.edit.v2',
  'bodhi.update.karma.threshold.reach': 'bodhi.update.karma.threshold.v1',
  'bodhi.update.status.testing.koji-build-group.build.complete': 'bodhi.update.status.testing.v3',
};

function schemaOf(topic: string): Schema {
  const known = SCHEMAS[topic];
  if (known !== undefined) return known;
  if (!topic.startsWith('bodhi.')) return BASE;
  return {
    name: BODHI_SCHEMAS[topic] ?? `${topic}.v1`,
    severity: topic.endsWith('.build.complete') ? 10 : 20,
    concerns: bodhiConcerns,
  };
}

function bodhiConcerns(body: Body) {
  const comment = record(body['comment']);
  const override = record(body['override']);
  const update = record(body['update'] ?? comment['update']);
  const builds = Array.isArray(update['builds']) ? update['builds'] : [];
  const nvrs = [...builds.map((build) => record(build)['nvr']), override['nvr']];
  return {
    users: [body['agent'], nameOf(update['user']), nameOf(comment['user']), nameOf(override['submitter'])],
    packages: nvrs.map((nvr) =>
      String(nvr ?? '')
        .split('-')
        .slice(0, -2)
        .join('-'),
    ),
  };
}

function nameOf(user: unknown): unknown {
  return typeof user === 'string' ? user : record(user)['name'];
}

/** Users and packages of a message, by its topic without the environment's prefix. */
export function concernsOf(topic: string, body: Body): Concerns {
  const { users = [], packages = [] } = schemaOf(topic).concerns(body);
  return { users: texts(users), packages: texts(packages) };
}

/** Koji's plugin lets mass rebuilds and ELN wait behind what people do; all others leave the priority alone. */
function priorityOf(topic: string, body: Body): number {
  if (topic !== 'buildsys.tag' && topic !== 'buildsys.untag') return 0;
  const tag = String(body['tag']);
  if (/^f\d+-rebuild$/.test(tag)) return 0;
  return tag.startsWith('eln') ? 1 : 2;
}

/** Headers that the publisher's library derives from topic and body. */
export function headersOf(topic: string, body: Body): Record<string, unknown> {
  const { name, severity } = schemaOf(topic);
  const { users, packages } = concernsOf(topic, body);
  return {
    fedora_messaging_schema: name,
    fedora_messaging_severity: severity,
    priority: priorityOf(topic, body),
    ...schemaPackageOf(topic),
    ...Object.fromEntries(packages.map((rpm) => [`fedora_messaging_rpm_${rpm}`, true])),
    ...Object.fromEntries(users.map((user) => [`fedora_messaging_user_${user}`, true])),
  };
}

/** Newer versions of the publisher's library say where a schema is from; not all applications have one. */
function schemaPackageOf(topic: string): Record<string, unknown> {
  const [application = ''] = topic.split('.');
  const name = { bodhi: 'bodhi_messages', waiverdb: 'fedora_messaging', greenwave: 'fedora_messaging' }[
    application
  ];
  return name === undefined ? {} : { fedora_messaging_schema_package: name };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function texts(values: readonly unknown[]): string[] {
  return [
    ...new Set(values.filter((value): value is string => typeof value === 'string' && value !== '')),
  ].sort();
}
